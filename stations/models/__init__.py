"""家站点 and what happens there."""

from stations.models.reception import Reception, ReceptionPlan
from stations.models.station import (
    Posting,
    Station,
    StationPhoto,
    StationStaff,
    StationTopic,
    Venue,
    staffed_by,
    stations_of,
)

__all__ = [
    "Posting",
    "Reception",
    "ReceptionPlan",
    "Station",
    "StationPhoto",
    "StationStaff",
    "StationTopic",
    "Venue",
    "staffed_by",
    "stations_of",
]
