"""Which role may do what: one table, drawn into docs/roles.md."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission as P


class Role(models.TextChoices):
    STATION_CLERK = "station_clerk", _("联络员")
    STATION_HEAD = "station_head", _("站长")
    TOWN_OFFICE = "town_office", _("乡镇人大、街道工委")
    COUNTY_OFFICE = "county_office", _("县级代表工委")
    UNIT_OFFICER = "unit_officer", _("承办单位经办人")
    UNIT_HEAD = "unit_head", _("承办单位负责人")
    REPRESENTATIVE = "representative", _("人大代表")
    LEADER = "leader", _("领导")
    AUDITOR = "auditor", _("审计管理员")
    SECURITY_ADMIN = "security_admin", _("安全管理员")
    SYSADMIN = "sysadmin", _("系统管理员")


class ScopeKind(models.TextChoices):
    """What a membership of the role is bound to."""

    STATION = "station", _("所在的站")
    AREA = "area", _("所在的区划")
    UNIT = "unit", _("所在的单位")
    SELF = "self", _("本人")
    SITE = "site", _("全系统")


_REGISTRY = {P.STATION_VIEW, P.REPRESENTATIVE_VIEW, P.REFERENCE_VIEW}
_STATION = _REGISTRY | {
    P.REQUEST_VIEW,
    P.REQUEST_RECEIVE,
    P.REQUEST_REGISTER,
    P.REQUEST_TRIAGE,
    P.REQUEST_FEEDBACK,
    P.REQUEST_CLOSE,
    P.REQUEST_MERGE,
    P.REQUEST_EXPORT,
    P.PERSONAL_REVEAL,
    P.RECEPTION_MANAGE,
}
_TOWN = _STATION | {P.REQUEST_ASSIGN, P.REQUEST_ESCALATE, P.REQUEST_EXTEND, P.STATION_MANAGE, P.OVERVIEW_VIEW}

ROLE_PERMISSIONS: dict[Role, frozenset[P]] = {
    Role.STATION_CLERK: frozenset(_STATION),
    Role.STATION_HEAD: frozenset(_STATION | {P.REQUEST_ASSIGN, P.STATION_MANAGE, P.OVERVIEW_VIEW}),
    Role.TOWN_OFFICE: frozenset(_TOWN | {P.REPRESENTATIVE_MANAGE}),
    Role.COUNTY_OFFICE: frozenset(
        _TOWN
        | {
            P.REPRESENTATIVE_MANAGE,
            P.REGISTRY_IMPORT,
            P.AREA_MANAGE,
            P.UNIT_MANAGE,
            P.CATEGORY_MANAGE,
            P.CALENDAR_MANAGE,
            P.RULES_MANAGE,
            P.MESSAGE_VIEW,
            P.SYSTEM_STATUS,
        }
    ),
    Role.UNIT_OFFICER: frozenset({P.REQUEST_VIEW, P.REQUEST_REPLY, P.REFERENCE_VIEW}),
    Role.UNIT_HEAD: frozenset({P.REQUEST_VIEW, P.REQUEST_REPLY, P.REQUEST_SIGN, P.REFERENCE_VIEW}),
    Role.REPRESENTATIVE: frozenset({P.REQUEST_VIEW, P.REQUEST_RECEIVE, P.REQUEST_FOLLOW, P.STATION_VIEW}),
    Role.LEADER: frozenset({P.REQUEST_VIEW, P.OVERVIEW_VIEW} | _REGISTRY),
    # 三员分立：系统、安全、审计三个管理员互不兼任，都看不到群众的个人信息。
    Role.AUDITOR: frozenset({P.HISTORY_VIEW, P.ACCESS_LOG_VIEW, P.SYSTEM_STATUS, P.REFERENCE_VIEW}),
    Role.SECURITY_ADMIN: frozenset({P.USER_MANAGE, P.ROLE_GRANT, P.SECOND_FACTOR_RESET, P.REFERENCE_VIEW}),
    Role.SYSADMIN: frozenset(
        {
            P.AREA_MANAGE,
            P.UNIT_MANAGE,
            P.CATEGORY_MANAGE,
            P.CALENDAR_MANAGE,
            P.RULES_MANAGE,
            P.MESSAGE_VIEW,
            P.SYSTEM_STATUS,
        }
        | _REGISTRY
    ),
}

ROLE_SCOPE: dict[Role, ScopeKind] = {
    Role.STATION_CLERK: ScopeKind.STATION,
    Role.STATION_HEAD: ScopeKind.STATION,
    Role.TOWN_OFFICE: ScopeKind.AREA,
    Role.COUNTY_OFFICE: ScopeKind.AREA,
    Role.UNIT_OFFICER: ScopeKind.UNIT,
    Role.UNIT_HEAD: ScopeKind.UNIT,
    Role.REPRESENTATIVE: ScopeKind.SELF,
    Role.LEADER: ScopeKind.AREA,
    Role.AUDITOR: ScopeKind.SITE,
    Role.SECURITY_ADMIN: ScopeKind.SITE,
    Role.SYSADMIN: ScopeKind.SITE,
}

# 三员分立: a user holds at most one of these, and none of them together with another role.
SEPARATE_ROLES = frozenset({Role.AUDITOR, Role.SECURITY_ADMIN, Role.SYSADMIN})
