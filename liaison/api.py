"""The API's addresses, its schema and the page that shows it."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from accounts.api import AreaViewSet, CategoryViewSet
from intake.api import ReceiveView, RequestCaseViewSet, TrackView
from representatives.api import RepresentativeViewSet
from stations.api import StationViewSet

app_name = "api"

router = SimpleRouter()
router.register("areas", AreaViewSet, basename="area")
router.register("categories", CategoryViewSet, basename="category")
router.register("stations", StationViewSet, basename="station")
router.register("representatives", RepresentativeViewSet, basename="representative")
router.register("cases", RequestCaseViewSet, basename="case")

urlpatterns = [
    path("requests/", ReceiveView.as_view(), name="requests"),
    path("track/", TrackView.as_view(), name="track"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", login_not_required(TemplateView.as_view(template_name="api/docs.html")), name="docs"),
    path("", include(router.urls)),
]
