"""The admin site: its title, who may enter, and its index as a workbench."""

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _

from accounts.access import is_staff_person


class HouseAdminSite(AdminSite):
    site_title = _("家站点门户")
    site_header = _("家站点门户")
    index_title = _("工作台")
    enable_nav_sidebar = True

    def has_permission(self, request):
        return request.user.is_active and is_staff_person(request.user)
