"""What people fill in to sign in, and to keep their account safe."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate, password_validation
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import actions, names
from accounts.models import Area, Membership, User
from accounts.roles import Role

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


class _OfUser(forms.Form):
    """A form about one person's password."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)


class PresentPasswordForm(_OfUser):
    """The password once more: an open screen must not be enough."""

    present = forms.CharField(
        label=_("现在的密码"),
        strip=False,
        max_length=LONGEST_TYPED,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def clean_present(self) -> str:
        present = self.cleaned_data["present"]
        if not self.user.check_password(present):
            raise forms.ValidationError(_("现在的密码不对。"))
        return present


class NewPasswordForm(_OfUser):
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

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        return password

    def clean_again(self) -> str:
        again = self.cleaned_data["again"]
        if "password" in self.cleaned_data and again != self.cleaned_data["password"]:
            raise forms.ValidationError(_("两遍不一样，请再填一遍。"))
        return again


class ChangePasswordForm(PresentPasswordForm, NewPasswordForm):
    """The present password first, then the new one twice."""

    field_order = ("present", "password", "again")

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


# --- the admin's


class AreaForm(forms.ModelForm):
    """A division must fit under its parent: by level and by code."""

    class Meta:
        model = Area
        fields = ("code", "name", "level", "parent", "valid_from", "valid_to")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.instance.pk is None and not self.errors:
            self._check_place(given["code"], given["level"], given.get("parent"))
        valid_from, valid_to = given.get("valid_from"), given.get("valid_to")
        if valid_from and valid_to and valid_to <= valid_from:
            self.add_error("valid_to", _("停用日期要晚于启用日期。"))
        return given

    def _check_place(self, code: str, level: str, parent: Area | None) -> None:
        levels = list(Area.PREFIX_LENGTH)
        place = levels.index(level)
        length = Area.PREFIX_LENGTH[level]
        if code[length:].strip("0") or not code[:length].strip("0"):
            words = {"n": length, "rest": 12 - length}
            self.add_error("code", _("这一级的代码是前 %(n)d 位，后面 %(rest)d 位都是 0。") % words)
        elif place == 0 and parent is not None:
            self.add_error("parent", _("省级没有上级。"))
        elif place > 0 and (parent is None or parent.level != levels[place - 1]):
            self.add_error("parent", _("上级要高一级，请选上一级的区划。"))
        elif parent is not None and not code.startswith(parent.prefix):
            self.add_error("code", _("代码要以上级的 %(prefix)s 开头。") % {"prefix": parent.prefix})


class MembershipForm(forms.ModelForm):
    """A new role, or the end of one held: nothing else of it can be changed afterwards."""

    class Meta:
        model = Membership
        fields = ("role", "area", "unit", "valid_from", "valid_to")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            for name in ("role", "area", "unit", "valid_from"):
                if name in self.fields:
                    self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.instance.pk is None and given.get("role"):
            actions.check_bound(Role(given["role"]), area=given.get("area"), unit=given.get("unit"))
        return given


class MembershipFormSet(forms.BaseInlineFormSet):
    """All roles of one person at once: what each grant and ending would refuse is said before anything is written.

    `by` is set by the admin; `act` writes through the actions.
    """

    by: User

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        today = timezone.localdate()
        held: list[Role] = []
        for form in self.forms:
            given = form.cleaned_data
            if not given.get("role") or (given.get("valid_to") and given["valid_to"] <= today):
                continue
            actions.check_separate(Role(given["role"]), beside=held)
            held.append(Role(given["role"]))

    def act(self, person: User) -> None:
        """Endings first, so that a person may change from one role to another in one go."""
        for form in self.initial_forms:
            if "valid_to" in form.changed_data and form.cleaned_data["valid_to"]:
                actions.end_membership(form.instance, by=self.by, on=form.cleaned_data["valid_to"])
        for form in self.extra_forms:
            if form.has_changed():
                given = form.cleaned_data
                actions.grant_role(
                    person,
                    role=Role(given["role"]),
                    by=self.by,
                    area=given.get("area"),
                    unit=given.get("unit"),
                    valid_from=given["valid_from"],
                    valid_to=given.get("valid_to"),
                )
        self.new_objects: list[Any] = []
        self.changed_objects: list[Any] = []
        self.deleted_objects: list[Any] = []
