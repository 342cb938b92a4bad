"""What comes in from outside."""

from intake.models.request import (
    AccusedUnit,
    Channel,
    Complexity,
    ConstituentRequest,
    Notify,
    RequestAssignment,
    RequestCall,
    RequestLink,
    RequestNote,
    RequestProgress,
    RequestRating,
    RequestReply,
    Satisfied,
    Solved,
    Visibility,
)

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
