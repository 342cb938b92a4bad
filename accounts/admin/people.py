"""Users, what they may, and where they are signed in: the security administrator's pages."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts import actions, recovery, rules
from accounts.forms import MembershipForm, MembershipFormSet
from accounts.models import LoginSession, Membership, User
from accounts.permissions import Permission as P
from accounts.roles import Role
from core.admin import AuditedAdmin, HouseAdmin, HouseInline, ReadOnlyAdmin
from core.navigation import Group


def _me(request: HttpRequest) -> User:
    """Whoever acts: no page of the admin opens to anybody unknown."""
    return cast("User", request.user)


class MembershipInline(HouseInline):
    """Roles are given and ended here, each through its action; a role once held stays on record."""

    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    fields = ("role", "area", "unit", "valid_from", "valid_to")
    view_right = P.USER_MANAGE
    manage_right = P.ROLE_GRANT
    verbose_name = verbose_name_plural = _lazy("角色")

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return self.holds(request, self.manage_right)
        return rules.may_grant_role(_me(request), obj)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        return type(formset.__name__, (formset,), {"by": request.user})


@admin.register(User)
class UserAdmin(HouseAdmin):
    view_right = P.HISTORY_VIEW
    manage_right = P.USER_MANAGE
    column_icon = "users"
    column_group = Group.SYSTEM
    list_display = ("username", "display_name", "title", "roles", "is_active", "last_login")
    list_filter = ("is_active", "memberships__role", "must_change_password")
    search_fields = ("username", "display_name", "title")
    search_help_text = _lazy("用户名、姓名或职务")
    fields = (
        "username",
        "display_name",
        "title",
        "email",
        "phone",
        "state",
        "last_login",
        "password_changed_at",
    )
    readonly_fields = ("state", "last_login", "password_changed_at")
    inlines = (MembershipInline,)
    actions = ("print_log_ins", "disable", "enable", "unlock", "reset_second_factor")
    change_form_template = "admin/accounts/user/change_form.html"
    export_columns = ("username", "display_name", "title", "is_active", "last_login")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        held = Membership.objects.in_force().select_related("area", "unit")
        return super().get_queryset(request).prefetch_related(Prefetch("memberships", held, to_attr="held"))

    @admin.display(description=_lazy("角色"))
    def roles(self, user: Any) -> str:
        return "、".join(str(Role(membership.role).label) for membership in user.held)

    @admin.display(description=_lazy("能否登录"))
    def state(self, user: User) -> str:
        return _("可以") if user.is_active else _("已停用")

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return [name for name in self.fields if name not in self.readonly_fields]
        if not self.has_change_permission(request, obj):
            return [name for name in self.fields if name != "phone"]
        return self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return (*self.readonly_fields, "username") if obj is not None else self.readonly_fields

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "phone":
            kwargs["widget"] = forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"})
        if db_field.name == "username":
            kwargs["help_text"] = _("字母、数字、点、横线。一人一个，不合用。人大代表可以用证号。")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            kwargs.setdefault("help_texts", {"username": ""})  # how to choose one is no matter any more
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            messages.info(request, _("账号建好了，还没有密码。保存后点“打印登录二维码”，交给本人。"))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if isinstance(formset, MembershipFormSet):
            formset.act(form.instance)
        else:
            super().save_formset(request, form, formset, change)

    # --- bulk actions

    def _people(self, request: HttpRequest, chosen: QuerySet[User], rule: Any) -> list[User]:
        people = list(chosen)
        if not all(rule(request.user, person) for person in people):
            raise PermissionDenied
        return people

    @admin.action(description=_lazy("打印登录二维码"), permissions=["change"])
    def print_log_ins(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse:
        """A sheet for each person with the one-time link that sets a password."""
        people = self._people(request, chosen, rules.may_manage_user)
        sheets = [
            {
                "person": person,
                "url": request.build_absolute_uri(
                    reverse("accounts:first-password", args=[recovery.enrol_token(person)])
                ),
            }
            for person in people
            if person.is_active
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("登录二维码"),
            "sheets": sheets,
            "days": recovery.LINK_DAYS,
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/accounts/user/log_in_sheets.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def _each(self, request: HttpRequest, chosen: QuerySet[User], act: Any, said: str) -> None:
        for person in chosen:
            try:
                act(person, by=_me(request))
            except PermissionDenied:
                messages.error(request, _("%(name)s：不能对自己这样做。") % {"name": person})
            except ValidationError as problem:
                messages.error(request, f"{person}：{problem.messages[0]}")
            else:
                messages.success(request, said % {"name": person})

    @admin.action(description=_lazy("停用账号"), permissions=["change"])
    def disable(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        words = _("停用以后，这些人马上退出登录，也不能再登录。办过的事都留着。")
        if page := self.confirm(request, chosen, action="disable", title=_("停用账号"), words=words):
            return page
        self._each(request, chosen, actions.disable_user, _("%(name)s 已停用。"))
        return None

    @admin.action(description=_lazy("启用账号"), permissions=["change"])
    def enable(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        words = _("启用以后，这些人可以用原来的密码登录，角色照旧。")
        if page := self.confirm(request, chosen, action="enable", title=_("启用账号"), words=words):
            return page
        self._each(request, chosen, actions.enable_user, _("%(name)s 已启用。"))
        return None

    @admin.action(description=_lazy("解除登录锁定"), permissions=["change"])
    def unlock(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        self._each(request, chosen, actions.unlock_user, _("%(name)s 可以重新登录了。"))

    @admin.action(description=_lazy("重置第二步验证"), permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        words = _(
            "重置以后，手机上的验证码和恢复码都作废，这些人马上退出登录，下次登录再设一次。先当面认人。"
        )
        title = _("重置第二步验证")
        if page := self.confirm(request, chosen, action="reset_second_factor", title=title, words=words):
            return page
        self._each(request, chosen, actions.reset_second_factor, _("%(name)s 的第二步验证已重置。"))
        return None


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin):
    """Who holds what, over where: to look through and export. Given and ended on the user's page."""

    view_right = (P.USER_MANAGE, P.HISTORY_VIEW)
    may_add = may_change = False
    list_display = ("user", "role", "area", "unit", "valid_from", "valid_to")
    list_filter = ("role",)
    list_select_related = ("user", "area", "unit")
    search_fields = ("user__username", "user__display_name", "area__name", "unit__name")
    ordering = ("user__username", "valid_from")


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnlyAdmin):
    view_right = (P.USER_MANAGE, P.HISTORY_VIEW)
    list_display = ("user", "device", "address", "started_at", "seen_at", "ended_at")
    list_filter = ("ended_at",)
    list_select_related = ("user",)
    search_fields = ("user__username", "user__display_name", "address")
    fields = ("user", "device", "address", "started_at", "seen_at", "ended_at")
    export_columns = fields
    ordering = ("-seen_at",)
    actions = ("end",)

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (("ended_at", admin.EmptyFieldListFilter),)

    @admin.action(description=_lazy("结束登录"))
    def end(self, request: HttpRequest, chosen: QuerySet[LoginSession]) -> None:
        for session in chosen:
            actions.end_session(session, by=_me(request))
        messages.success(request, _("这些登录已经结束。"))

    def get_actions(self, request: HttpRequest) -> Any:
        found = super().get_actions(request)
        if not self.holds(request, P.USER_MANAGE):
            found.pop("end", None)
        return found
