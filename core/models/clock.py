"""Clocks are rows: several run at once on one case, each can say why it ends that day."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models.rules import Rung, Term


class ClockQuerySet(models.QuerySet):
    def about(self, case: Any) -> Self:
        return self.filter(case_label=case.label, case_id=case.pk).order_by("started_at", "pk")

    def running(self) -> Self:
        return self.filter(stopped_at__isnull=True)

    def to_check(self, now: Any) -> Self:
        return self.filter(stopped_at__isnull=True, next_check_at__lte=now)


class Clock(models.Model):
    """A named deadline of a case. Computed from events and never edited: extension, pause and resume are events.

    `counted_from` is day 0, which is not counted. A clock in days ends with its due day: `due_at` is the first
    instant of the next day, local time; a clock in hours ends at the instant itself.
    """

    case_label = models.CharField(_("办件种类"), max_length=24)
    case_id = models.BigIntegerField(_("办件"))
    name = models.CharField(_("期限名称"), max_length=40)
    round = models.PositiveSmallIntegerField(_("轮次"), default=1)
    term = models.ForeignKey(
        Term, verbose_name=_("依据的期限"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    amount = models.PositiveSmallIntegerField(_("时长"))
    unit = models.CharField(_("单位"), max_length=12)
    roll = models.BooleanField(_("遇休息日顺延"), default=True)
    started_at = models.DateTimeField(_("起算时间"))
    counted_from = models.DateField(_("起算日"))
    extended_by = models.PositiveSmallIntegerField(_("已延长"), default=0)
    extensions = models.PositiveSmallIntegerField(_("延期次数"), default=0)
    paused_days = models.PositiveSmallIntegerField(_("暂停天数"), default=0)
    paused_seconds = models.PositiveIntegerField(_("暂停秒数"), default=0)
    due_on = models.DateField(_("到期日"))
    due_at = models.DateTimeField(_("到期时刻"))
    is_provisional = models.BooleanField(_("节假日未公布"), default=False)
    paused_at = models.DateTimeField(_("暂停时间"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("停止时间"), null=True, blank=True)
    # The next rung's instant, not the due date: a row already escalated is not read again every minute.
    next_check_at = models.DateTimeField(_("下次查看时间"), null=True, blank=True)
    rung_order = models.PositiveSmallIntegerField(_("已到级次"), default=0)

    objects: ClassVar[models.Manager] = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("期限时钟")
        verbose_name_plural = _("期限时钟")
        constraints = [
            models.UniqueConstraint(
                fields=["case_label", "case_id", "name"],
                condition=Q(stopped_at__isnull=True),
                name="clock_one_running_per_name",
            ),
        ]
        indexes = [
            models.Index(fields=["case_label", "case_id"], name="clock_case"),
            models.Index(
                fields=["next_check_at"],
                condition=Q(stopped_at__isnull=True, next_check_at__isnull=False),
                name="clock_to_check",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.due_on}"

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None and self.stopped_at is None

    @property
    def is_overdue(self) -> bool:
        return self.is_running and not self.is_paused and timezone.now() >= self.due_at

    @property
    def is_due_today(self) -> bool:
        return self.is_running and not self.is_overdue and self.due_on == timezone.localdate()


class RungFiring(models.Model):
    """A rung fires once per clock and round: a unique constraint, not a reading of history."""

    clock = models.ForeignKey(
        Clock, verbose_name=_("期限时钟"), on_delete=models.CASCADE, related_name="firings"
    )
    rung = models.ForeignKey(Rung, verbose_name=_("催督梯级"), on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField(_("轮次"))
    # When it ought to have fired, which after days off is earlier than when it did.
    due_at = models.DateTimeField(_("应催时间"))
    fired_at = models.DateTimeField(_("实催时间"))

    class Meta:
        verbose_name = _("催督记录")
        verbose_name_plural = _("催督记录")
        constraints = [models.UniqueConstraint(fields=["clock", "rung", "round"], name="rungfiring_once")]

    def __str__(self) -> str:
        return f"rung {self.rung_id} of clock {self.clock_id}"
