"""Who may do what to a station, and where a grant reaches it: by its area, or because one works there."""

from __future__ import annotations

from typing import Any

from accounts import access
from accounts.permissions import Permission
from accounts.roles import ScopeKind
from stations.models import Station, stations_of


def holds(user: Any, permission: Permission, station: Station | None = None) -> bool:
    """Whether the person has the right over this very station, or somewhere when none is named."""
    grants = access.grants_with(user, permission)
    if station is None:
        return bool(grants)
    return any(
        station.pk in stations_of(user) if grant.scope == ScopeKind.STATION else grant.reaches(station)
        for grant in grants
    )


def may_view(user: Any, station: Station | None = None) -> bool:
    return holds(user, Permission.STATION_VIEW, station)


def may_manage(user: Any, station: Station | None = None) -> bool:
    return holds(user, Permission.STATION_MANAGE, station)


def may_plan(user: Any, station: Station | None = None) -> bool:
    return holds(user, Permission.RECEPTION_MANAGE, station)


def may_found(user: Any, area: Any) -> bool:
    """Whether the person may open a new station there: a station's own people look after theirs only."""
    return any(
        grant.scope in (ScopeKind.AREA, ScopeKind.SITE) and grant.reaches(area)
        for grant in access.grants_with(user, Permission.STATION_MANAGE)
    )


def may_found_somewhere(user: Any) -> bool:
    return any(
        grant.scope in (ScopeKind.AREA, ScopeKind.SITE)
        for grant in access.grants_with(user, Permission.STATION_MANAGE)
    )


def may_import(user: Any) -> bool:
    return access.has_permission(user, Permission.REGISTRY_IMPORT)
