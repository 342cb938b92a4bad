"""Case: anything with a life of its own that the house must not forget."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_id

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.models.clock import Clock
    from core.workflow import State, Workflow

# When somebody is late with a case that nobody has to do anything about: a date, so that lists sort without a gap.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class CaseQuerySet(models.QuerySet):
    """What every list of cases can be asked. `visible_to(user)` is each concrete model's own."""

    def visible_to(self, user: Any) -> Self:
        raise NotImplementedError

    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def closed(self) -> Self:
        return self.filter(closed_at__isnull=False)

    def to_anonymise(self, before: datetime) -> Self:
        """Closed before that instant and still naming a person; a model without personal data has none."""
        return self.none()


class Case(models.Model):
    """A case: its state, its place in the scope of areas, and the head of its chained ledger.

    Subclasses set `label` (the fixed word by which events, clocks, messages and files point at it: never renamed) and
    have a `reference`; the app's config binds `workflow`, the one table of its life. Only `core.workflow` writes `state`, `state_since`,
    `closed_at`, `event_seq` and `event_head`; only `core.deadlines` writes `due_at`.
    """

    label: ClassVar[str]
    workflow: ClassVar[Workflow]
    reference: Any

    public_id = models.CharField(_("对外编号"), max_length=12, unique=True, default=public_id, editable=False)
    state = models.CharField(_("状态"), max_length=32, editable=False)
    state_since = models.DateTimeField(_("进入此状态的时间"), default=timezone.now, editable=False)
    # Where a pause or a merge goes back to; empty when nothing is to be resumed.
    resume_state = models.CharField(_("恢复到的状态"), max_length=32, blank=True, editable=False)
    round = models.PositiveSmallIntegerField(_("办理轮次"), default=1, editable=False)
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True, editable=False)
    # The first instant somebody is late: the earliest of the clocks that run and oblige. Lists sort and narrow by it.
    due_at = models.DateTimeField(_("最早到期的时间"), default=NEVER, editable=False)
    # The length of the ledger is also the version a form carries: a stale one is answered 409.
    event_seq = models.PositiveIntegerField(_("事件数"), default=0, editable=False)
    event_head = models.BinaryField(_("事件链头"), max_length=32, default=b"", editable=False)
    # Scope is equality, not prefix: with one county holding most rows a prefix filter was 400 times slower.
    county_code = models.CharField(_("县级区划代码"), max_length=12, editable=False)
    town_code = models.CharField(_("乡级区划代码"), max_length=12, editable=False)
    created_at = models.DateTimeField(_("登记时间"), default=timezone.now, editable=False)

    objects: ClassVar[models.Manager] = CaseQuerySet.as_manager()
    # The clocks it was opened with, for whoever tells the person at once; not there for a case read from its table.
    opened_with: Sequence[Clock] = ()

    class Meta:
        abstract = True

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def state_label(self) -> str:
        return str(self.workflow.states[self.state].label)

    @property
    def heard_by(self) -> tuple[Any, ...]:
        """What of the case decides who hears its rungs: cases alike in it are told to the same people."""
        return (self.pk,)

    def contact_number(self) -> str:
        """Where a message to whoever raised the case goes; empty when nowhere."""
        return ""

    def clock_moved(self, clock: Clock) -> None:
        """One of the case's clocks began, or ends on another day now: a model that tells people that day keeps it here."""


def case_constraints(name: str, states: Collection[State]) -> list[models.BaseConstraint]:
    """The constraints every case model carries: known states, and closed exactly when the table says so."""
    known = [state.name for state in states]
    closing = [state.name for state in states if state.closes]
    return [
        models.CheckConstraint(name=f"{name}_state_known", condition=models.Q(state__in=known)),
        models.CheckConstraint(
            name=f"{name}_closed_iff_closing_state",
            condition=(
                models.Q(state__in=closing, closed_at__isnull=False)
                | (~models.Q(state__in=closing) & models.Q(closed_at__isnull=True))
            ),
        ),
    ]
