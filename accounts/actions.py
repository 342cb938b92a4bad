"""Every change of an account: sessions, passwords, second factors, roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pghistory
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import boundaries, recovery, rules
from accounts.access import require
from accounts.lockout import forgive
from accounts.models import Area, LoginSession, Membership, RecoveryCode, Unit, User
from accounts.permissions import Permission
from accounts.roles import ROLE_SCOPE, SEPARATE_ROLES, Role, ScopeKind

P = ParamSpec("P")
T = TypeVar("T")


def _signed(action: Callable[P, T]) -> Callable[P, T]:
    """One transaction, and the history tables name `by`."""

    @wraps(action)
    def acted(*args: P.args, **kwargs: P.kwargs) -> T:
        by: Any = kwargs["by"]
        with pghistory.context(user=by.pk, action=action.__name__), transaction.atomic():
            return action(*args, **kwargs)

    return acted


# --- sessions


def start_session(user: User, *, key: str, device: str, address: str) -> LoginSession:
    """Somebody signed in with this browser."""
    return LoginSession.objects.create(
        user=user, session_key=key, device=device[:120], address=address[:45], seen_at=timezone.now()
    )


def rotate_session(old_key: str, new_key: str) -> None:
    """The browser got a new key (after a password or second factor): its row follows."""
    LoginSession.objects.filter(session_key=old_key).update(session_key=new_key)


def end_session(session: LoginSession, *, by: User) -> None:
    """Sign one browser out, at once."""
    if not rules.may_end_session(by, session.user):
        raise PermissionDenied
    _end(LoginSession.objects.filter(pk=session.pk))


def end_own_session(key: str) -> None:
    """The person leaves."""
    _end(LoginSession.objects.filter(session_key=key))


def _end(sessions: QuerySet[LoginSession]) -> None:
    keys = list(sessions.filter(ended_at__isnull=True).values_list("session_key", flat=True))
    sessions.filter(ended_at__isnull=True).update(ended_at=timezone.now())
    Session.objects.filter(session_key__in=keys).delete()


def _end_all(user: User, *, but: str = "") -> None:
    _end(LoginSession.objects.filter(user=user).exclude(session_key=but))


# --- passwords


@transaction.atomic
def set_password(user: User, *, password: str, keep_session: str = "") -> User:
    """The person chose a password; all their other browsers are signed out."""
    user.set_password(password)
    user.must_change_password = False
    user.password_changed_at = timezone.now()
    user.save(update_fields=["password", "must_change_password", "password_changed_at"])
    _end_all(user, but=keep_session)
    return user


# --- second factor


def start_second_factor(user: User) -> TOTPDevice:
    """The key to be scanned; the same one until it is confirmed."""
    device, _new = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "phone"})
    return device


@transaction.atomic
def confirm_second_factor(user: User, *, device: TOTPDevice, token: str) -> list[str]:
    """The phone shows the right number: it replaces any earlier one. Returns the recovery codes, shown once.

    An empty list means that the number was wrong.
    """
    device = TOTPDevice.objects.select_for_update().get(pk=device.pk)
    if not device.verify_token(token):
        return []
    TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    return new_recovery_codes(user)


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Ten fresh codes; earlier ones stop working."""
    codes = recovery.new_codes()
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=recovery.digest(user.pk, code)) for code in codes
    )
    return codes


def use_recovery_code(user: User, code: str) -> bool:
    """Whether it was one of theirs, unused until now."""
    unused = RecoveryCode.objects.filter(
        user=user, digest=recovery.digest(user.pk, code), used_at__isnull=True
    )
    return unused.update(used_at=timezone.now()) == 1


@_signed
def reset_second_factor(person: User, *, by: User) -> None:
    """The phone is lost, and so are the codes: a second person takes the factor away, all sessions end."""
    if not rules.may_reset_second_factor(by, person):
        raise PermissionDenied
    TOTPDevice.objects.filter(user=person).delete()
    RecoveryCode.objects.filter(user=person).delete()
    _end_all(person)


# --- accounts


@_signed
def disable_user(person: User, *, by: User) -> User:
    """Switch an account off; whoever is signed in with it is out at once."""
    if not rules.may_manage_user(by, person):
        raise PermissionDenied
    person.is_active = False
    person.save(update_fields=["is_active"])
    _end_all(person)
    return person


@_signed
def enable_user(person: User, *, by: User) -> User:
    """Switch an account on again; it comes back with no open session."""
    if not rules.may_manage_user(by, person):
        raise PermissionDenied
    person.is_active = True
    person.save(update_fields=["is_active"])
    return person


@_signed
def unlock_user(person: User, *, by: User) -> None:
    """Forgive the failures that locked the log-in."""
    if not rules.may_manage_user(by, person):
        raise PermissionDenied
    forgive(person.username)


# --- roles


@_signed
def grant_role(
    person: User,
    *,
    role: Role,
    by: User,
    area: Area | None = None,
    unit: Unit | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Membership:
    """Give a role over an area or a unit, from a day on."""
    if not rules.may_grant_role(by, person):
        raise PermissionDenied
    # Two grants at once must not slip past each other's check.
    User.objects.select_for_update().get(pk=person.pk)
    membership = Membership(
        user=person,
        role=role,
        area=area,
        unit=unit,
        valid_from=valid_from or timezone.localdate(),
        valid_to=valid_to,
    )
    check_bound(role, area=area, unit=unit)
    check_separate(role, beside=held_roles(person))
    membership.full_clean()
    membership.save()
    return membership


@_signed
def end_membership(membership: Membership, *, by: User, on: date | None = None) -> Membership:
    """Take a role away as of a day: today if none is named."""
    if not rules.may_grant_role(by, membership.user):
        raise PermissionDenied
    membership.valid_to = on or timezone.localdate()
    membership.save(update_fields=["valid_to"])
    return membership


def held_roles(person: User) -> list[Role]:
    """Roles held now or to be held later."""
    held = Membership.objects.not_ended().filter(user=person)
    return [Role(role) for role in held.values_list("role", flat=True)]


def check_bound(role: Role, *, area: Area | None, unit: Unit | None) -> None:
    """Raises ValidationError unless the role is bound to what its kind of scope asks."""
    scope = ROLE_SCOPE[role]
    if scope == ScopeKind.AREA and (area is None or unit is not None):
        raise ValidationError(_("“%(role)s”要选管辖的区划，不选单位。") % {"role": role.label})
    if scope == ScopeKind.UNIT and (unit is None or area is not None):
        raise ValidationError(_("“%(role)s”要选所在的单位，不选区划。") % {"role": role.label})
    if scope not in (ScopeKind.AREA, ScopeKind.UNIT) and (area is not None or unit is not None):
        raise ValidationError(_("“%(role)s”不选区划，也不选单位。") % {"role": role.label})


def check_separate(role: Role, *, beside: Iterable[Role]) -> None:
    """三员分立: raises ValidationError when one of the three administrators would hold anything else as well."""
    others = set(beside) - {role}
    if others and (role in SEPARATE_ROLES or others & SEPARATE_ROLES):
        held = "、".join(sorted(str(other.label) for other in others))
        raise ValidationError(
            _("系统、安全、审计三个管理员互不兼任，也不兼别的角色；这个人已经是：%(held)s。") % {"held": held}
        )


# --- divisions


@_signed
def save_area(area: Area, *, by: User) -> Area:
    """Keep a division, with its sort key and full name; a new name runs through the full names below it."""
    area.set_keys()
    before = Area.objects.filter(pk=area.pk).values_list("full_name", flat=True).first()
    area.save()
    if before and before != area.full_name:
        below = Area.objects.below(area).exclude(pk=area.pk)
        below.filter(full_name__startswith=before).update(
            full_name=Concat(Value(area.full_name), Substr("full_name", len(before) + 1))
        )
    return area


@_signed
def move_boundary(old: Area, new: Area, *, by: User) -> dict[str, int]:
    """One division goes over into another: everything that stands in it moves along, and it names its successor.

    Returns how many rows of each kind moved.
    """
    require(by, Permission.AREA_MANAGE, over=old)
    require(by, Permission.AREA_MANAGE, over=new)
    boundaries.check(old, new)
    return boundaries.move(boundaries.pairs_of(old, new), by=by)
