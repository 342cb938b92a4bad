"""Who may do what to accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.access import has_permission
from accounts.permissions import Permission

if TYPE_CHECKING:
    from accounts.models import User


def may_manage_user(by: User, person: User) -> bool:
    """Nobody switches their own account off or sends themselves a log-in."""
    return by.pk != person.pk and has_permission(by, Permission.USER_MANAGE)


def may_grant_role(by: User, person: User) -> bool:
    """Nobody grants themselves a right."""
    return by.pk != person.pk and has_permission(by, Permission.ROLE_GRANT)


def may_reset_second_factor(by: User, person: User) -> bool:
    """A second person resets a lost second factor."""
    return by.pk != person.pk and has_permission(by, Permission.SECOND_FACTOR_RESET)


def may_end_session(by: User, owner: User) -> bool:
    """One's own, or anybody's for those who manage users."""
    return by.pk == owner.pk or has_permission(by, Permission.USER_MANAGE)
