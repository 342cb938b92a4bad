"""Root URLs: each app's own, nothing else."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("core.urls")),
    path("", include("accounts.urls")),
    path("", include("representatives.urls")),
    path("", include("stations.urls")),
    path("", include("intake.urls")),
    path("", include("reports.urls")),
    path("api/v1/", include("liaison.api")),
    path(settings.ADMIN_PATH, admin.site.urls),
]

handler400 = "core.views.bad_request"
handler403 = "core.views.forbidden"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"
