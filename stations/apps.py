from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StationsConfig(AppConfig):
    name = "stations"
    verbose_name = _("家站点")

    def ready(self) -> None:
        """Tell the app below where its people sit, and have the session bring along where staff work."""
        from django.contrib.postgres.expressions import ArraySubquery
        from django.db.models import OuterRef

        from accounts import sessions
        from representatives import places
        from stations.models import staffed_by
        from stations.selectors import StationPlaces

        places.tell(StationPlaces())
        sessions.bring_along(
            "station_ids", lambda: ArraySubquery(staffed_by(OuterRef("user")).values("station_id"))
        )
