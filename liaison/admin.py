"""The admin site: its title, who may enter, and its index as a workbench."""

from __future__ import annotations

from typing import Any

import pghistory
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import has_permission, is_staff_person
from accounts.permissions import Permission


class HouseAdminSite(AdminSite):
    site_title = _("家站点门户")
    site_header = _("家站点门户")
    index_title = _("工作台")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and is_staff_person(request.user)

    def holds(self, user: Any, right: str, *, over: Any = None) -> bool:
        """What `core.admin` asks instead of Django's permissions."""
        return has_permission(user, Permission(right), over=over)

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """One log-in for desks and data."""
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """History tables name who changed a row: the context travels with every write of an admin page."""

        def signed(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            with pghistory.context(user=request.user.pk):
                return view(request, *args, **kwargs)

        return super().admin_view(signed, cacheable)
