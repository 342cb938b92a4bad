"""What the resident sees of their case: the line, the clock, who has it, what happened, the result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from core import rulebook
from core.codes import normalise_code
from core.deadlines import ClockFace, face
from core.models import Attachment, Clock
from core.privacy import blind_index
from intake.models import ConstituentRequest, RequestProgress, RequestReply
from stations.models import StationStaff

# Which clock counts for the resident in which state; the first that runs is shown.
_CLOCKS = {
    "received": ("request.register",),
    "waiting": ("request.supplement",),
    "redoing": ("request.rehandle",),
    "disputed": ("request.county",),
    "escalated": ("request.answer", "request.county"),
    "following": ("request.followup",),
    "replied": ("request.feedback",),
    "told": ("request.rating",),
    "callback": ("request.callback",),
}
_PROMISE = ("request.answer", "request.station", "request.unit", "request.rehandle", "request.county")
# The states in which the latest signed answer is the one the resident was told.
ANSWERED = ("told", "callback", "following", "closed", "closed_disputed", "archived")
_NO_LONGER_OURS = ("rejected", "referred", "withdrawn")


@dataclass
class CasePage:
    """Everything of one case on its page, in four statements."""

    request: Any
    lines: list[Any]
    clock: ClockFace | None
    photos: list[Attachment] = field(default_factory=list)
    before: Attachment | None = None
    after: Attachment | None = None

    @property
    def reply(self) -> dict[str, Any] | None:
        """The signed answer, once the resident was told; not while it is done anew or a new answer is on its way."""
        return self.request.answer_given if self.request.state in ANSWERED else None

    @property
    def handled(self) -> Any:
        """The case that is really handled: the one this was merged into."""
        return self.request.master if self.request.state == "merged" else self.request

    @property
    def station(self) -> int:
        """Where on the line of four it stands."""
        return int(self.handled.workflow.states[self.handled.state].station)

    @property
    def is_finished(self) -> bool:
        return self.request.closed_at is not None and self.request.state not in _NO_LONGER_OURS

    @property
    def label(self) -> str:
        return str(self.request.workflow.states[self.request.state].public_label)

    @property
    def is_rated(self) -> bool:
        return bool(self.request.solved or self.request.satisfied)

    @property
    def together_with(self) -> int:
        """How many others are handled with it."""
        return int(self.request.siblings or 0)

    @property
    def last_line(self) -> Any:
        return self.lines[0] if self.lines else None

    def can(self, verb: str) -> bool:
        """Whether the table lets the resident do this now."""
        return self.request.state in self.request.workflow.transitions[verb].sources


def by_code(code: str) -> Any:
    """The case of a private code, with all its page needs of other tables. Nothing once it is anonymised."""
    # A newer answer may be signed already, for a plan that is followed or for the case this was merged into.
    reply = RequestReply.objects.filter(
        Q(request=OuterRef("pk")) | Q(request=OuterRef("master")), signed_at__lte=OuterRef("told_at")
    ).order_by("-signed_at", "-pk")
    answer = reply.values(
        json=JSONObject(
            headline=F("headline"),
            body=F("body"),
            outcome=F("outcome"),
            basis=F("basis"),
            unit=F("unit__name"),
        )
    )[:1]
    siblings = (
        ConstituentRequest.objects.filter(master=OuterRef("master"))
        .order_by()
        .values("master")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return (
        ConstituentRequest.objects.filter(
            receipt_index=blind_index(normalise_code(code), scope="receipt"), anonymised_at__isnull=True
        )
        .select_related(
            "station", "unit", "category", "village", "follower", "master__unit", "master__follower"
        )
        .defer("search", "spaced", "master__search", "master__spaced")
        .annotate(answer_given=Subquery(answer), siblings=Subquery(siblings))
        .first()
    )


def case_page(code: str) -> CasePage | None:
    request = by_code(code)
    if request is None:
        return None
    ids = [request.pk] + ([request.master_id] if request.master_id else [])
    lines = _lines(request, ids)
    clock = _clock(request, ids)
    page = CasePage(request, lines, clock)
    _sort_photos(page, Attachment.objects.filter(case_label=request.label, case_id__in=ids).order_by("pk"))
    return page


def _lines(request: Any, ids: list[int]) -> list[RequestProgress]:
    """Newest first. Of the case it is merged with: how it is handled, not what its own resident said."""
    mine = Q(request_id=request.pk)
    shared = Q(request_id__in=ids, station__gte=2, event__kind__in=_SHARED)
    wanted = mine | shared if request.state == "merged" else mine
    return list(RequestProgress.objects.filter(wanted).select_related("event").order_by("-at", "-pk"))


_SHARED = tuple(
    f"intake.request.{verb}"
    for verb in ("assign", "reassign", "handle", "extend", "escalate", "hand_down", "carry_on")
)


def _clock(request: Any, ids: list[int]) -> ClockFace | None:
    shown = request.master if request.state == "merged" else request
    running = {
        clock.name: clock
        for clock in Clock.objects.filter(
            case_label=request.label, case_id__in=ids, stopped_at__isnull=True
        ).select_related("term__pack")
        if clock.case_id == shown.pk
    }
    for name in _CLOCKS.get(shown.state, _PROMISE):
        if name in running:
            return face(shown, running[name])
    return None


def _sort_photos(page: CasePage, photos: Iterable[Attachment]) -> None:
    """Of the handling only what the resident was told with: photos that came since belong to the next answer."""
    told_at = page.request.told_at if page.request.state in ANSWERED else None
    for photo in photos:
        told = told_at is not None and photo.created_at <= told_at
        if photo.role == Attachment.Role.BEFORE and told:
            page.before = photo
        elif photo.role == Attachment.Role.AFTER and told:
            page.after = photo
        elif photo.role == Attachment.Role.EVIDENCE and photo.case_id == page.request.pk:
            page.photos.append(photo)


# --- the receipt


@dataclass(frozen=True)
class Expected:
    """By when what happens, as far as it can be known on the day it came in."""

    registered_by: date
    assigned_by: date
    answered_by: date
    answered_at_latest: date


def expected(request: ConstituentRequest) -> Expected:
    """From the clock that runs since it came in, and the terms that follow on it."""
    registered_by = (
        Clock.objects.filter(case_label=request.label, case_id=request.pk, name="request.register")
        .values_list("due_on", flat=True)
        .first()
    ) or timezone.localdate(request.created_at) + timedelta(days=1)

    def after(name: str, case_class: str = "") -> date:
        term = rulebook.term_for(
            name, county_code=request.county_code, on=registered_by, case_class=case_class
        )
        return rulebook.calendar().add(registered_by, term.amount, term.unit, roll=term.roll)

    return Expected(
        registered_by, after("request.triage"), after("request.answer"), after("request.answer", "complex")
    )


def contact_person(station_id: int) -> str:
    """Who at the station knows of it: the clerk longest there, else the head."""
    today = timezone.localdate()
    staff = (
        StationStaff.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gt=today), station_id=station_id, begins_on__lte=today
        )
        .exclude(duty=StationStaff.Duty.VOLUNTEER)
        .select_related("user")
        .order_by("duty", "begins_on", "pk")
    )
    first = staff.first()
    return first.user.display_name if first is not None else ""
