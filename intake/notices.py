"""Messages about requests: their kinds, and who hears them. Texts stand in templates/intake/notices/."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.access import people_with
from accounts.models import User
from accounts.roles import Role
from core.models import Message
from core.outbox import Notice, Recipient
from core.remembered import Remembered
from intake.models import ConstituentRequest
from stations.models import StationStaff

SMS, INBOX, EMAIL = Message.Channel.SMS, Message.Channel.INBOX, Message.Channel.EMAIL


class _ToResident(Notice):
    channels = (SMS,)


class RequestReceived(_ToResident):
    key, template = "intake.request_received", "intake/notices/request_received.txt"


class RequestRegistered(_ToResident):
    key, template = "intake.request_registered", "intake/notices/request_registered.txt"


class RequestRejected(_ToResident):
    key, template = "intake.request_rejected", "intake/notices/request_rejected.txt"


class RequestAssignedToResident(_ToResident):
    key, template = "intake.request_assigned_resident", "intake/notices/request_assigned_resident.txt"


class RequestExtended(_ToResident):
    key, template = "intake.request_extended", "intake/notices/request_extended.txt"


class RequestAsked(_ToResident):
    key, template = "intake.request_asked", "intake/notices/request_asked.txt"


class RequestReferred(_ToResident):
    key, template = "intake.request_referred", "intake/notices/request_referred.txt"


class RequestAnswered(_ToResident):
    key, template = "intake.request_answered", "intake/notices/request_answered.txt"


class RequestPromised(_ToResident):
    key, template = "intake.request_promised", "intake/notices/request_promised.txt"


class RequestSentBack(_ToResident):
    key, template = "intake.request_sent_back", "intake/notices/request_sent_back.txt"


class RequestMerged(_ToResident):
    key, template = "intake.request_merged", "intake/notices/request_merged.txt"


class _ToStaff(Notice):
    channels: ClassVar[tuple[str, ...]] = (INBOX,)


class RequestArrived(_ToStaff):
    key, template = "intake.request_arrived", "intake/notices/request_arrived.txt"


class RequestArrivedUrgently(_ToStaff):
    key, template = "intake.request_arrived_urgently", "intake/notices/request_arrived_urgently.txt"
    channels = (INBOX, SMS)
    urgent = True


class RequestAssigned(_ToStaff):
    key, template = "intake.request_assigned", "intake/notices/request_assigned.txt"
    channels = (INBOX, EMAIL)


class RequestReturned(_ToStaff):
    key, template = "intake.request_returned", "intake/notices/request_returned.txt"


class RequestReturnRefused(_ToStaff):
    key, template = "intake.request_return_refused", "intake/notices/request_return_refused.txt"


class RequestExtensionWanted(_ToStaff):
    key, template = "intake.request_extension_wanted", "intake/notices/request_extension_wanted.txt"


class RequestExtensionRefused(_ToStaff):
    key, template = "intake.request_extension_refused", "intake/notices/request_extension_refused.txt"


class RequestExtensionGranted(_ToStaff):
    key, template = "intake.request_extension_granted", "intake/notices/request_extension_granted.txt"


class RequestToSign(_ToStaff):
    key, template = "intake.request_to_sign", "intake/notices/request_to_sign.txt"


class RequestDraftSentBack(_ToStaff):
    key, template = "intake.request_draft_sent_back", "intake/notices/request_draft_sent_back.txt"


class RequestReplied(_ToStaff):
    key, template = "intake.request_replied", "intake/notices/request_replied.txt"


class RequestToCallBack(_ToStaff):
    key, template = "intake.request_to_call_back", "intake/notices/request_to_call_back.txt"


class RequestRedo(_ToStaff):
    key, template = "intake.request_redo", "intake/notices/request_redo.txt"
    channels = (INBOX, EMAIL)


class RequestEscalated(_ToStaff):
    key, template = "intake.request_escalated", "intake/notices/request_escalated.txt"
    channels = (INBOX, EMAIL)


class RequestSupplemented(_ToStaff):
    key, template = "intake.request_supplemented", "intake/notices/request_supplemented.txt"


class RequestWithdrawn(_ToStaff):
    key, template = "intake.request_withdrawn", "intake/notices/request_withdrawn.txt"


class RequestFollowed(_ToStaff):
    key, template = "intake.request_followed", "intake/notices/request_followed.txt"


class RequestUrged(_ToStaff):
    key, template = "intake.request_urged", "intake/notices/request_urged.txt"
    channels = (INBOX, EMAIL)


class LookedOften(_ToStaff):
    """Somebody opens numbers all day: no business of those at the desk, but of the auditors."""

    key, template = "intake.looked_often", "intake/notices/looked_often.txt"


# --- who hears


def resident(request: ConstituentRequest) -> list[Recipient]:
    """The resident's own phone, when they left one and asked for messages."""
    return [Recipient.contact_of(request)] if request.phone_index and request.notify == "sms" else []


def _users(users: QuerySet[User]) -> list[Recipient]:
    return [Recipient(user_id=pk) for pk in users.values_list("pk", flat=True)]


def _posts(station_id: int) -> QuerySet[StationStaff]:
    """Who works at the station today and can log in; volunteers are not burdened with deadlines."""
    today = timezone.localdate()
    return StationStaff.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=today),
        station_id=station_id,
        begins_on__lte=today,
        user__is_active=True,
    ).exclude(duty=StationStaff.Duty.VOLUNTEER)


# Asked for every request that comes in: a change of staff reaches the messages within half a minute.
_clerks_of: Remembered[int, list[Recipient]] = Remembered(
    lambda pk: [Recipient(user_id=user) for user in _posts(pk).values_list("user_id", flat=True)]
)


def station_clerks(request: ConstituentRequest) -> list[Recipient]:
    """Everybody who does the station's daily work, its head included."""
    return _clerks_of(request.station_id) or []


def station_head(request: ConstituentRequest) -> list[Recipient]:
    heads = _posts(request.station_id).filter(duty=StationStaff.Duty.HEAD)
    return [Recipient(user_id=pk) for pk in heads.values_list("user_id", flat=True)]


# A sweep asks for thousands of cases who has the same few offices: remembered like the station's staff.
_of_unit: Remembered[tuple[Role, int], list[Recipient]] = Remembered(
    lambda wanted: _users(people_with(wanted[0], unit_id=wanted[1]))
)
_of_area: Remembered[tuple[Role, str], list[Recipient]] = Remembered(
    lambda wanted: _users(people_with(wanted[0], area_codes=[wanted[1]]))
)


def unit_officers(request: ConstituentRequest) -> list[Recipient]:
    return (_of_unit((Role.UNIT_OFFICER, request.unit_id)) or []) if request.unit_id else []


def unit_heads(request: ConstituentRequest) -> list[Recipient]:
    return (_of_unit((Role.UNIT_HEAD, request.unit_id)) or []) if request.unit_id else []


def town_office(request: ConstituentRequest) -> list[Recipient]:
    return _of_area((Role.TOWN_OFFICE, request.town_code)) or []


def county_office(request: ConstituentRequest) -> list[Recipient]:
    return _of_area((Role.COUNTY_OFFICE, request.county_code)) or []


def follower(request: ConstituentRequest) -> list[Recipient]:
    person = request.follower
    return [Recipient(user_id=person.user_id)] if person is not None and person.user_id is not None else []


def auditors() -> list[Recipient]:
    return _users(people_with(Role.AUDITOR))


# Whom a rung can name. Not the resident: what a rung says is said to those who work.
HEARERS: dict[str, Callable[[ConstituentRequest], list[Recipient]]] = {
    "station": station_clerks,
    "station_head": station_head,
    "unit_officer": unit_officers,
    "unit_head": unit_heads,
    "town_office": town_office,
    "county_office": county_office,
    "follower": follower,
}
