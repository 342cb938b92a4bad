"""Who may write down people, mandates and bodies."""

from __future__ import annotations

from typing import Any

from accounts import access
from accounts.permissions import Permission
from accounts.roles import ScopeKind
from representatives.models import Body, Person


def may_view(user: Any) -> bool:
    return access.has_permission(user, Permission.REPRESENTATIVE_VIEW)


def may_manage(user: Any, person: Person | None = None) -> bool:
    """Over a person: whoever keeps the registry of a place where the person sits, and sees the person at all."""
    if not access.has_permission(user, Permission.REPRESENTATIVE_MANAGE):
        return False
    return person is None or Person.objects.visible_to(user).filter(pk=person.pk).exists()


def may_manage_body(user: Any, body: Body | None = None) -> bool:
    """Bodies of one's own area; the wider ones may be used, not rewritten."""
    grants = access.grants_with(user, Permission.REPRESENTATIVE_MANAGE)
    if body is None:
        return bool(grants)
    return any(
        grant.scope in (ScopeKind.AREA, ScopeKind.SITE) and grant.reaches(body.area) for grant in grants
    )


def may_import(user: Any) -> bool:
    return access.has_permission(user, Permission.REGISTRY_IMPORT)
