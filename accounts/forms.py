"""What people fill in to sign in, and to keep their account safe."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate, password_validation
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.models import User

# Longer than any accepted password, so that a wrong one is never told apart by its length.
LONGEST_TYPED = 1_000


class LogInForm(forms.Form):
    """User name (or a representative's certificate number) and password. Every failure says the same."""

    username = forms.CharField(
        label=_("用户名"),
        max_length=150,
        help_text=_("人大代表也可以填代表证号。"),
        error_messages={"required": _("请填写用户名。")},
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("密码"),
        max_length=LONGEST_TYPED,
        strip=False,
        error_messages={"required": _("请填写密码。")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        self.request = request
        self.user: User | None = None
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not self.errors:
            self.request.login_name = names.username_of(given["username"])  # type: ignore[attr-defined]
            self.user = authenticate(
                self.request,
                username=self.request.login_name,  # type: ignore[attr-defined]
                password=given["password"],
            )
            if self.user is None:
                raise forms.ValidationError(
                    _(
                        "用户名或密码不对。看一下大写锁定键；连错 5 次要等 15 分钟。忘了密码，请找本单位管账号的人重发登录二维码。"
                    )
                )
        return given


class NewPasswordForm(forms.Form):
    """A password, typed twice and held against the rules."""

    password = forms.CharField(
        label=_("新密码"),
        strip=False,
        max_length=LONGEST_TYPED,
        help_text=_("至少 12 个字符。几个不相干的词连在一起，好记又难猜；可以粘贴。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("再填一遍"),
        strip=False,
        max_length=LONGEST_TYPED,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        return password

    def clean_again(self) -> str:
        again = self.cleaned_data["again"]
        if "password" in self.cleaned_data and again != self.cleaned_data["password"]:
            raise forms.ValidationError(_("两遍不一样，请再填一遍。"))
        return again


class ChangePasswordForm(NewPasswordForm):
    """The present password first: an open screen must not be enough."""

    present = forms.CharField(
        label=_("现在的密码"),
        strip=False,
        max_length=LONGEST_TYPED,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("present", "password", "again")

    def clean_present(self) -> str:
        present = self.cleaned_data["present"]
        if not self.user.check_password(present):
            raise forms.ValidationError(_("现在的密码不对。"))
        return present

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "password" in given and given.get("present") == given["password"]:
            self.add_error("password", _("新密码和现在的一样，请换一个。"))
        return given


class TokenForm(forms.Form):
    """The six digits on the phone."""

    token = forms.CharField(
        label=_("验证码"),
        max_length=20,
        error_messages={"required": _("请填写验证码。")},
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean_token(self) -> str:
        return "".join(self.cleaned_data["token"].split())
