"""What comes in from outside."""

from intake.models.lineage import RequestAssignment, RequestLink
from intake.models.request import (
    AccusedUnit,
    Channel,
    Complexity,
    ConstituentRequest,
    Notify,
    Satisfied,
    Solved,
    Visibility,
)
from intake.models.words import RequestCall, RequestNote, RequestProgress, RequestRating, RequestReply

__all__ = [
    "AccusedUnit",
    "Channel",
    "Complexity",
    "ConstituentRequest",
    "Notify",
    "RequestAssignment",
    "RequestCall",
    "RequestLink",
    "RequestNote",
    "RequestProgress",
    "RequestRating",
    "RequestReply",
    "Satisfied",
    "Solved",
    "Visibility",
]
