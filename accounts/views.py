"""Signing in and out, passwords, the second factor, and the page about one's own account."""

from __future__ import annotations

import base64
import math
from urllib.parse import quote

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp import login as give_second_factor
from django_otp import verify_token
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import actions, lockout, recovery
from accounts.access import is_staff_person, roles_of
from accounts.forms import ChangePasswordForm, LogInForm, NewPasswordForm, PresentPasswordForm, TokenForm
from accounts.http import AuthenticatedHttpRequest, gave_second_factor, has_second_factor
from accounts.models import LoginSession, Membership, RecoveryCode, User
from accounts.roles import Role
from core.publicdoor import client_address, public_form
from core.throttle import hit, peek, reset
from core.views import problem_page

WHY = {
    "idle": gettext_lazy("太久没有操作，已经替您退出。请重新登录。"),
    "ended": gettext_lazy("这次登录已经结束，请重新登录。"),
    "set": gettext_lazy("密码设好了，请用它登录。"),
}


def next_of(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is one of our own pages."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else ""


def landing(user: User) -> str:
    """The first page of a person's day."""
    roles = roles_of(user)
    if roles == {Role.REPRESENTATIVE}:
        return reverse("reports:my")
    return reverse("admin:index") if is_staff_person(user) else reverse("accounts:account")


def device_words(user_agent: str) -> str:
    """微信 · Android: enough to recognise one's own browser."""
    programs = {
        "MicroMessenger": "微信",
        "Edg/": "Edge",
        "Firefox/": "Firefox",
        "Chrome/": "Chrome",
        "Safari/": "Safari",
    }
    systems = {
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Windows": "Windows",
        "Mac OS": "Mac",
        "Linux": "Linux",
    }
    found = [
        next((name for mark, name in table.items() if mark in user_agent), "")
        for table in (programs, systems)
    ]
    return " · ".join(filter(None, found)) or _("其他浏览器")


@public_form
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        if request.user.is_authenticated:
            return redirect(next_of(request) or landing(request.user))
        return _log_in_page(request, LogInForm(request=request))
    allowance = hit(lockout.PER_ADDRESS, client_address(request))
    if not allowance.allowed:
        return problem_page(request, 429, minutes=math.ceil(allowance.retry_after / 60))
    form = LogInForm(request.POST, request=request)
    if not form.is_valid() or form.user is None:
        return _log_in_page(request, form, status=422)
    _sign_in(request, form.user)
    return redirect(next_of(request) or landing(form.user))


def _sign_in(request: HttpRequest, user: User) -> None:
    if request.session.session_key:
        actions.end_own_session(request.session.session_key)
    login(request, user)
    actions.start_session(
        user,
        key=request.session.session_key or "",
        device=device_words(request.headers.get("User-Agent", "")),
        address=lockout.address(request) or "",
    )


def _log_in_page(request: HttpRequest, form: LogInForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "next": next_of(request), "why": WHY.get(request.GET.get("why", ""), "")}
    return render(request, "accounts/log_in.html", context, status=status)


@require_POST
def log_out(request: AuthenticatedHttpRequest) -> HttpResponse:
    actions.end_own_session(request.session.session_key or "")
    logout(request)
    response = redirect("accounts:login")
    # Not "storage": on a shared tablet it would throw away what a resident still has waiting for the network.
    response["Clear-Site-Data"] = '"cache"'
    return response


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: AuthenticatedHttpRequest) -> HttpResponse:
    form = ChangePasswordForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        actions.set_password(
            request.user,
            password=form.cleaned_data["password"],
            keep_session=request.session.session_key or "",
        )
        _new_key(request)
        messages.success(request, _("密码改好了。别处的登录都已退出。"))
        return redirect(landing(request.user))
    context = {"form": form, "is_forced": request.user.must_change_password}
    return render(request, "accounts/password.html", context, status=422 if form.errors else 200)


def _new_key(request: AuthenticatedHttpRequest) -> None:
    """Another session key after every step up, so that one stolen before is worth nothing after."""
    old = request.session.session_key or ""
    request.session["_auth_user_hash"] = request.user.get_session_auth_hash()
    request.session.cycle_key()
    actions.rotate_session(old, request.session.session_key or "")


@public_form
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest, token: str) -> HttpResponse:
    """The printed one-time link: its holder chooses the first password."""
    user = recovery.user_of_token(token)
    if user is None:
        return render(request, "accounts/enrol_over.html", status=404)
    form = NewPasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        actions.set_password(user, password=form.cleaned_data["password"])
        return redirect(reverse("accounts:login") + "?why=set")
    return render(
        request, "accounts/enrol.html", {"form": form, "person": user}, status=422 if form.errors else 200
    )


# --- second factor


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The second step of signing in: the number on the phone, or a recovery code."""
    device = TOTPDevice.objects.filter(user=request.user, confirmed=True).first()
    if device is None or gave_second_factor(request):
        return redirect(next_of(request) or landing(request.user))
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        source = str(request.user.pk)
        allowance = hit(lockout.PER_SECOND_FACTOR, source)
        if not allowance.allowed:
            return problem_page(request, 429, minutes=math.ceil(allowance.retry_after / 60))
        if _is_second_factor(request.user, device, form.cleaned_data["token"]):
            reset(lockout.PER_SECOND_FACTOR, source)
            give_second_factor(request, device)
            _new_key(request)
            return redirect(next_of(request) or landing(request.user))
        form.add_error("token", _("验证码不对，或已经用过。等手机上换了新的再填。"))
    context = {"form": form, "next": next_of(request)}
    return render(request, "accounts/second_factor.html", context, status=422 if form.errors else 200)


def _is_second_factor(user: User, device: TOTPDevice, token: str) -> bool:
    if token.isdecimal():
        return verify_token(user, device.persistent_id, token) is not None
    return actions.use_recovery_code(user, token)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_second_factor(request: AuthenticatedHttpRequest) -> HttpResponse:
    """First the key to scan, then the first number from the phone, then the recovery codes, once."""
    device = TOTPDevice.objects.filter(user=request.user, confirmed=False).first()
    if request.method != "POST":
        return _set_up_page(request, device, TokenForm())
    if "start" in request.POST or device is None:
        if has_second_factor(request) and (asked := _ask_password(request, _("换一部手机"))):
            return asked
        actions.start_second_factor(request.user)
        return redirect("accounts:enrol")
    if not peek(lockout.PER_SECOND_FACTOR, str(request.user.pk)).allowed:
        return problem_page(request, 429, minutes=15)
    form = TokenForm(request.POST)
    codes = (
        actions.confirm_second_factor(request.user, device=device, token=form.cleaned_data["token"])
        if form.is_valid()
        else []
    )
    if codes:
        give_second_factor(request, TOTPDevice.objects.get(pk=device.pk))
        _new_key(request)
        return _codes_page(request, codes)
    if not form.errors:
        hit(lockout.PER_SECOND_FACTOR, str(request.user.pk))
        form.add_error("token", _("验证码不对。手机的时间要准；等换了新的再填。"))
    return _set_up_page(request, device, form)


def _ask_password(request: AuthenticatedHttpRequest, doing: str) -> HttpResponse | None:
    """The page that asks for the password again; None once it was given. Wrong ones count like wrong numbers."""
    form = PresentPasswordForm(request.POST if "present" in request.POST else None, user=request.user)
    source = str(request.user.pk)
    if form.is_bound:
        if not peek(lockout.PER_SECOND_FACTOR, source).allowed:
            return problem_page(request, 429, minutes=15)
        if form.is_valid():
            return None
        hit(lockout.PER_SECOND_FACTOR, source)
    context = {"form": form, "doing": doing}
    return render(request, "accounts/present_password.html", context, status=422 if form.errors else 200)


def _set_up_page(
    request: AuthenticatedHttpRequest, device: TOTPDevice | None, form: TokenForm
) -> HttpResponse:
    context = {"form": form, "device": device, "is_forced": settings.STAFF_SECOND_FACTOR == "enforce"}
    if device is not None:
        key = base64.b32encode(device.bin_key).decode().rstrip("=")
        context["key"] = " ".join(key[place : place + 4] for place in range(0, len(key), 4))
        context["uri"] = _otpauth(request.user, key)
    return render(request, "accounts/set_up_second_factor.html", context, status=422 if form.errors else 200)


def _otpauth(user: User, key: str) -> str:
    issuer = quote(settings.SITE_BRAND)
    return f"otpauth://totp/{issuer}:{quote(user.username)}?secret={key}&issuer={issuer}"


@never_cache
@require_POST
def recovery_codes(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Ten fresh codes, for somebody who has just shown the second factor."""
    if not gave_second_factor(request):
        raise Http404
    if asked := _ask_password(request, _("换一套恢复码")):
        return asked
    return _codes_page(request, actions.new_recovery_codes(request.user))


def _codes_page(request: AuthenticatedHttpRequest, codes: list[str]) -> HttpResponse:
    context = {"codes": [recovery.show(code) for code in codes], "landing": landing(request.user)}
    return render(request, "accounts/recovery_codes.html", context)


# --- one's own account


@never_cache
@require_safe
def account(request: AuthenticatedHttpRequest) -> HttpResponse:
    sessions = LoginSession.objects.filter(user=request.user, ended_at__isnull=True).order_by("-seen_at")
    context = {
        "memberships": Membership.objects.filter(user=request.user).in_force().select_related("area", "unit"),
        "sessions": sessions[:20],
        "this_key": request.session.session_key,
        "has_second_factor": TOTPDevice.objects.filter(user=request.user, confirmed=True).exists(),
        "codes_left": RecoveryCode.objects.filter(user=request.user, used_at__isnull=True).count(),
    }
    return render(request, "accounts/account.html", context)


@require_POST
def end_session(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(LoginSession, pk=pk, user=request.user)
    is_this = session.session_key == request.session.session_key
    actions.end_session(session, by=request.user)
    if is_this:
        logout(request)
        return redirect("accounts:login")
    messages.success(request, _("那一处已经退出。"))
    return redirect("accounts:account")
