"""The check: what a person may do, and over which part of the house. Everything asks here; roles are never named elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied

from accounts.models import Area, Membership, Unit, User
from accounts.permissions import Permission
from accounts.roles import ROLE_PERMISSIONS, ROLE_SCOPE, Role, ScopeKind

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Grant:
    """One membership in force: a role, and where it reaches. Counties as a list so that scope stays equality."""

    role: Role
    scope: ScopeKind
    county_codes: tuple[str, ...] = ()
    town_code: str = ""
    unit_id: int | None = None

    def reaches(self, over: Any) -> bool:
        """Whether the grant covers an area, a unit, or anything that carries `county_code` and `town_code`."""
        if self.scope == ScopeKind.SITE or over is None:
            return True
        if self.scope == ScopeKind.UNIT:
            return isinstance(over, Unit) and over.pk == self.unit_id
        place = over.area if isinstance(over, Unit) else over
        if self.scope == ScopeKind.AREA:
            return (
                place.county_code in self.county_codes
                if self.county_codes
                else place.town_code == self.town_code
            )
        return False


def grants_of(user: Any) -> list[Grant]:
    """The person's grants in force today; read once per request."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return []
    if not hasattr(user, "_grants"):
        # The session engine reads the memberships along with the person.
        held = getattr(user, "held", None)
        if held is None:
            held = Membership.objects.in_force().filter(user_id=user.pk).order_by("pk").as_rows()
        user._grants = [_grant(row) for row in held]
    return user._grants


def _grant(held: dict[str, Any]) -> Grant:
    """The grant of a membership, of which `MembershipQuerySet.as_rows` gives what counts."""
    role, unit_id = Role(held["role"]), held["unit"]
    if held["area"] is None:
        return Grant(role, ROLE_SCOPE[role], unit_id=unit_id)
    area = Area(code=held["area"], level=held["level"])
    if area.level in (Area.Level.TOWN, Area.Level.VILLAGE):
        return Grant(role, ROLE_SCOPE[role], town_code=area.town_code, unit_id=unit_id)
    if area.level == Area.Level.COUNTY:
        return Grant(role, ROLE_SCOPE[role], county_codes=(area.code,), unit_id=unit_id)
    counties = Area.objects.below(area).filter(level=Area.Level.COUNTY).values_list("code", flat=True)
    return Grant(role, ROLE_SCOPE[role], county_codes=tuple(dict.fromkeys(counties)), unit_id=unit_id)


def grants_with(user: Any, permission: Permission) -> list[Grant]:
    return [grant for grant in grants_of(user) if permission in ROLE_PERMISSIONS[grant.role]]


def has_permission(user: Any, permission: Permission, *, over: Any = None) -> bool:
    """Whether the person holds the right somewhere (`over=None`) or over this very area, unit or placed thing.

    Station and personal scopes reach no area by themselves: the app that knows stations and postings asks `grants_with`.
    """
    return any(grant.reaches(over) for grant in grants_with(user, permission))


def require(user: Any, permission: Permission, *, over: Any = None) -> None:
    """Raises PermissionDenied without the right."""
    if not has_permission(user, permission, over=over):
        raise PermissionDenied


def roles_of(user: Any) -> set[Role]:
    return {grant.role for grant in grants_of(user)}


def is_staff_person(user: Any) -> bool:
    """Staff, units and administrators: everybody for whom a second factor can be enforced; not representatives."""
    return any(role != Role.REPRESENTATIVE for role in roles_of(user))


def people_with(role: Role, *, area_codes: Iterable[str] = (), unit_id: int | None = None) -> Any:
    """Active users holding a role over one of these areas, or in this unit; a role over the whole site needs neither."""
    held = Membership.objects.in_force().filter(role=role)
    if unit_id is not None:
        held = held.filter(unit_id=unit_id)
    elif ROLE_SCOPE[role] != ScopeKind.SITE:
        held = held.filter(area__code__in=list(area_codes))
    return User.objects.filter(is_active=True, memberships__in=held).distinct()
