"""接待有登记: one way in for every channel, and the registration that starts the promise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Area, Category, Unit
from core import codes, outbox
from core.images import CleanImage, store_bytes
from core.models import ActorKind, Attachment, Event
from core.privacy import blind_index, cut_personal, normalise_phone
from core.similarity import spaced
from core.workflow import fire, hold, open_case
from intake import notices
from intake.actions.progress import tell, zh
from intake.models import AccusedUnit, Channel, ConstituentRequest, Notify, Visibility
from intake.selectors.tracking import track_index
from representatives.duty import credit, credit_fact
from representatives.models import DutyKind, Person
from stations.models import Station

CONSENT_VERSION = "2026-11"
TITLE_LENGTH = 24
NUMBER_TRIES = 20


@dataclass(frozen=True)
class Contact:
    """How to reach the resident: a name to call them by, a phone if they want to leave one."""

    name: str = ""
    phone: str = ""
    notify: str = Notify.NONE
    visibility: str = Visibility.STATION


@transaction.atomic(savepoint=False)
def receive(
    *,
    station: Station,
    channel: str,
    contact: Contact,
    body: str,
    category: Category,
    village: Area | None = None,
    place: str = "",
    photos: Sequence[CleanImage] = (),
    title: str = "",
    is_minor: bool = False,
    is_urgent: bool = False,
    is_confidential: bool = False,
    follower: Person | None = None,
    came_by: str = "",
    by: Any = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """Take in what somebody said: by phone form, code on the wall, counter, telephone, market stall or API.

    1. The numbers in the words are cut out and sealed. 2. The case gets its number and private code, its first event
    and its registration clock. 3. The station hears of it; the resident too, when they left a phone.
    """
    now = now or timezone.now()
    words, spans = cut_personal(body.strip())
    where, where_spans = cut_personal(place.strip())
    phone = normalise_phone(contact.phone)
    code = codes.receipt_code()
    request = ConstituentRequest(
        receipt_code=code,
        receipt_index=blind_index(code, scope="receipt"),
        station=station,
        category=category,
        village=village,
        follower=follower,
        county_code=station.county_code,
        town_code=station.town_code,
        origin_town_code=station.town_code,
        body=words,
        body_spans=spans + where_spans,
        title=(cut_personal(title.strip())[0] or headline(words))[:60],
        place=where,
        channel=channel,
        came_by=came_by,
        contact_name=contact.name.strip(),
        contact_phone=phone,
        phone_index=blind_index(phone, scope="phone"),
        notify=contact.notify if phone else Notify.NONE,
        visibility=contact.visibility,
        consent_version=CONSENT_VERSION,
        is_minor=is_minor,
        is_urgent=is_urgent,
        is_confidential=is_confidential,
        spaced=spaced(words),
    )
    event = _open_with_free_number(request, phone, by=by, now=now)
    _attach(request, photos, by)
    tell(request, event, _("登记：%(station)s已经收到") % {"station": station.name}, station=1)
    arrived = notices.RequestArrivedUrgently if is_urgent else notices.RequestArrived
    heard = ((notices.RequestReceived, notices.resident), (arrived, notices.station_clerks))
    outbox.post_rows(
        [
            row
            for notice, hearers in heard
            for row in outbox.rows_of(
                notice,
                to=hearers(request),
                about=request,
                dedupe=str(request.pk),
                context=None,
                now=timezone.now(),
            )
        ]
    )
    taker = _taken_in_by(request)
    if taker is not None:
        credit(person=taker, kind=DutyKind.REQUEST_RECEIVED, event=event)
    return request


def _taken_in_by(request: ConstituentRequest) -> Person | None:
    """The representative who took it in face to face, and earns the credit."""
    return request.follower if request.channel in (Channel.REPRESENTATIVE, Channel.MARKET) else None


def headline(words: str) -> str:
    """The first clause of what was said, as the matter's title until a clerk writes a better one."""
    first = words
    for mark in "。！？!?\n":
        first = first.split(mark)[0]
    if len(first) <= TITLE_LENGTH:
        return first
    clause = first[:TITLE_LENGTH]
    cut = max(clause.rfind(mark) for mark in "，,、；;")
    return clause[:cut] if cut >= 8 else clause + "…"


def _open_with_free_number(request: ConstituentRequest, phone: str, *, by: Any, now: datetime) -> Event:
    """Insert under a random number of the day; a taken one is drawn again."""
    taker, tries = _taken_in_by(request), count(1)

    def draw() -> None:
        if next(tries) > NUMBER_TRIES:
            raise RuntimeError("No free request number today.")
        request.reference = codes.request_number(timezone.localdate(now))
        request.track_index = track_index(request.reference, phone[-4:]) if phone else ""

    draw()
    return open_case(
        request,
        "receive",
        by=by,
        actor_kind=ActorKind.USER if by is not None else ActorKind.RESIDENT,
        facts={
            "station": request.station_id,
            "channel": request.channel,
            "category": request.category_id,
            **(credit_fact(taker, DutyKind.REQUEST_RECEIVED) if taker is not None else {}),
        },
        starts=("request.register",) + (("request.contact",) if request.is_urgent else ()),
        draw_reference=draw,
        now=now,
    )


def _attach(request: ConstituentRequest, photos: Sequence[CleanImage], by: Any) -> None:
    """Files first, rows after: a crash in between leaves a file nobody points at, never a row without its file."""
    Attachment.objects.bulk_create(
        [
            Attachment(
                case_label=request.label,
                case_id=request.pk,
                path=store_bytes(photo.content),
                sha256=photo.sha256,
                size=len(photo.content),
                width=photo.width,
                height=photo.height,
                uploaded_by=by,
            )
            for photo in photos
        ]
    )


@transaction.atomic
def register(
    request: ConstituentRequest,
    *,
    by: Any,
    category: Category | None = None,
    title: str = "",
    complexity: str = "",
    is_urgent: bool | None = None,
    is_minor: bool | None = None,
    accused: Iterable[Unit] = (),
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """受理登记: category, urgency and complexity are set, the resident's promise starts to count.

    `accused` are the units the matter complains about: none of them will ever see it or be given it.
    """
    fields: dict[str, Any] = {"registered_on": timezone.localdate(now), "complexity": complexity}
    given = {
        "category": category,
        "title": cut_personal(title.strip())[0],
        "is_urgent": is_urgent,
        "is_minor": is_minor,
    }
    fields |= {name: value for name, value in given.items() if value not in (None, "")}
    hold(request, "register", by=by, version=version)
    became_urgent = is_urgent is True and not request.is_urgent
    event = fire(
        request,
        "register",
        by=by,
        fields=fields,
        case_class=complexity,
        starts=("request.contact",) if became_urgent else (),
        stops=("request.contact",) if is_urgent is False else (),
        now=now,
    )
    AccusedUnit.objects.bulk_create(
        [AccusedUnit(request=request, unit=unit) for unit in accused], ignore_conflicts=True
    )
    promised = request.promised_on
    tell(
        request,
        event,
        _("已经登记"),
        _("一般 %(day)s前有结果，到时还没有会写明原因。") % {"day": zh(promised)},
    )
    outbox.post(
        notices.RequestRegistered,
        to=notices.resident(request),
        about=request,
        dedupe=str(request.pk),
        context={"promised_on": promised},
    )
    if became_urgent:
        outbox.post(
            notices.RequestArrivedUrgently,
            to=notices.station_clerks(request),
            about=request,
            dedupe=f"urgent:{event.pk}",
        )
    return request
