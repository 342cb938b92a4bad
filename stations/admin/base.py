"""Rights over rows that hang on a station, for every admin of this app."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.permissions import Permission as P
from core.admin import AuditedAdmin
from stations import rules
from stations.models import Station


def typed(request: HttpRequest) -> Any:
    """The second page's words; None while the first is being shown."""
    return request.POST if request.POST.get("confirmed") else None


class AtStation:
    """Rights over rows that hang on a station: one's own station, or one in one's area."""

    manage_right: str

    def station_of(self, obj: Any) -> Station | None:
        return obj.station if getattr(obj, "station_id", None) else None

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        station = self.station_of(obj) if obj is not None else None
        return rules.holds(request.user, P(self.manage_right), station)

    def mine(self, request: HttpRequest, chosen: QuerySet[Any]) -> Any:
        """The chosen rows, read once: what an action changes may leave the list's filter."""
        rows = list(chosen)
        if not all(self.may_manage(request, row) for row in rows):
            raise PermissionDenied
        return rows


class AtStationAdmin(AtStation, AuditedAdmin):
    view_right = P.STATION_VIEW
