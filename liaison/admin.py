"""The admin site: its title, who may enter, its index as a workbench, one log-in with the desks."""

from __future__ import annotations

from functools import wraps
from typing import Any

import pghistory
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

from accounts import views as accounts_views
from accounts.access import has_permission, is_staff_person
from accounts.permissions import Permission
from core import navigation, workbench

# Left out: passwords change on one's own account page; a link to the public page needs no way round by a serial number.
NOT_OURS = {"password_change", "password_change_done", "view_on_site"}


class HouseAdminSite(AdminSite):
    site_title = _("家站点门户")
    site_header = _("家站点门户")
    index_title = _("工作台")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return self.lets_in(request.user)

    def lets_in(self, user: Any) -> bool:
        return bool(user.is_active) and is_staff_person(user)

    def holds(self, user: Any, right: str, *, over: Any = None) -> bool:
        """What `core.admin` asks instead of Django's permissions."""
        return has_permission(user, Permission(right), over=over)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only admins that ask our table. Other packages' own (groups, tokens, devices) would ask Django's: left out."""
        if hasattr(admin_class, "may_see"):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        urls = [url for url in super().get_urls() if getattr(url, "name", None) not in NOT_OURS]
        for url in urls:
            view: Any = getattr(url, "callback", None)
            if hasattr(view, "login_url"):
                view.login_url = reverse_lazy("accounts:login")
        return urls

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The workbench of the signed-in person."""
        bench = {"bench": workbench.shelves_for(request.user, request.path)}
        return super().index(request, bench | (extra_context or {}))

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """One log-in for desks and data."""
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(self, request: Any, extra_context: Any = None) -> Any:
        return accounts_views.log_out(request) if request.method == "POST" else redirect("admin:index")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """For somebody signed in who is no staff there is no such page; history tables name whoever changes a row."""

        def signed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with pghistory.context(user=request.user.pk):
                return view(request, *args, **kwargs)

        inner = super().admin_view(wraps(view)(signed), cacheable)

        @wraps(inner)
        def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            return inner(request, *args, **kwargs)

        return entered

    def fill_left_column(self) -> None:
        """Lists that name an icon stand in the left column, after the desks; called once all admins are known."""
        registered: dict[Any, Any] = self._registry
        for model, admin in registered.items():
            if getattr(admin, "column_icon", ""):
                name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
                label = admin.column_label or model._meta.verbose_name_plural
                navigation.register(
                    admin.column_group, label, name, admin.column_icon, self._listed_for(admin)
                )

    def _listed_for(self, admin: Any) -> navigation.Rule:
        return lambda user: self.lets_in(user) and admin.may_see(user)
