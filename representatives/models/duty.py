"""Meetings and who came; the facts of duty, and what each is worth by whose rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import Event
from representatives.models.bodies import Body, CongressTerm, OfBodyQuerySet
from representatives.models.people import Person

if TYPE_CHECKING:
    pass


@pghistory.track()
class Meeting(models.Model):
    """A sitting of a body: a congress session, a committee meeting, an assembly meeting."""

    body = models.ForeignKey(Body, verbose_name=_("机构"), on_delete=models.PROTECT, related_name="meetings")
    term = models.ForeignKey(
        CongressTerm,
        verbose_name=_("届"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="meetings",
    )
    name = models.CharField(_("名称"), max_length=120)
    begins_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"), null=True, blank=True)
    place = models.CharField(_("地点"), max_length=80, blank=True)

    objects: ClassVar[models.Manager] = OfBodyQuerySet.as_manager()

    class Meta:
        verbose_name = _("会议")
        verbose_name_plural = _("会议")
        ordering = ["-begins_at"]

    def __str__(self) -> str:
        return self.name


class CheckIn(models.Model):
    """Who was at a meeting, came late, or had leave. Recorded by the clerk; nobody is asked to check in by phone."""

    class Kind(models.TextChoices):
        PRESENT = "present", _("出席")
        LATE = "late", _("迟到")
        LEAVE = "leave", _("请假")
        ABSENT = "absent", _("缺席")

    meeting = models.ForeignKey(
        Meeting, verbose_name=_("会议"), on_delete=models.PROTECT, related_name="check_ins"
    )
    person = models.ForeignKey(
        Person, verbose_name=_("人员"), on_delete=models.PROTECT, related_name="check_ins"
    )
    kind = models.CharField(_("情况"), max_length=8, choices=Kind)
    note = models.CharField(_("说明"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("出席情况")
        verbose_name_plural = _("出席情况")
        constraints = [models.UniqueConstraint(fields=["meeting", "person"], name="checkin_once")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"


class DutyKind(models.TextChoices):
    RECEPTION = "reception", _("接待群众")
    REQUEST_RECEIVED = "request_received", _("登记群众诉求")
    REQUEST_FOLLOWED = "request_followed", _("跟进群众诉求")
    ACTIVITY = "activity", _("参加活动")
    MEETING = "meeting", _("出席会议")


@pghistory.track()
class DutyRule(models.Model):
    """积分规则: points of a kind in a year, with a yearly cap. Read at counting time, so a correction reaches back."""

    year = models.PositiveSmallIntegerField(_("年度"))
    kind = models.CharField(_("履职事项"), max_length=20, choices=DutyKind)
    points = models.DecimalField(_("每次分值"), max_digits=5, decimal_places=1)
    yearly_cap = models.DecimalField(_("全年上限"), max_digits=5, decimal_places=1, null=True, blank=True)

    class Meta:
        verbose_name = _("积分规则")
        verbose_name_plural = _("积分规则")
        constraints = [models.UniqueConstraint(fields=["year", "kind"], name="dutyrule_once")]

    def __str__(self) -> str:
        return f"{self.year} {self.get_kind_display()}"


class DutyRecord(models.Model):
    """履职记录: a fact earned by an event, never a score. Replays are harmless: one row per event, person and kind."""

    person = models.ForeignKey(
        Person, verbose_name=_("代表"), on_delete=models.PROTECT, related_name="duty_records"
    )
    kind = models.CharField(_("履职事项"), max_length=20, choices=DutyKind)
    event = models.ForeignKey(Event, verbose_name=_("事件"), on_delete=models.PROTECT, related_name="+")
    on = models.DateField(_("日期"))

    class Meta:
        verbose_name = _("履职记录")
        verbose_name_plural = _("履职记录")
        constraints = [models.UniqueConstraint(fields=["event", "person", "kind"], name="dutyrecord_once")]
        indexes = [models.Index(fields=["person", "-on"], name="dutyrecord_person_on")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"
