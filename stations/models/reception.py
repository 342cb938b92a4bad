"""接待日、流动接待、赶集日: one table; kind and place tell them apart. The life of a day comes with the stations' issue."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar, Self

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_id
from representatives.models import Person
from stations.models.station import OfStationQuerySet, Station

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User


class _Hours(Func):
    """tstzrange(starts_at, ends_at, '[)')"""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class ReceptionKind(models.TextChoices):
    RECEPTION_DAY = "reception_day", _("接待日")
    MOBILE_VISIT = "mobile_visit", _("流动接待")
    MARKET_DAY = "market_day", _("赶集日")
    APPOINTMENT = "appointment", _("预约接待")


@pghistory.track()
class ReceptionPlan(models.Model):
    """How reception days recur: each Friday, the 15th of every other month, every sixth day for a market."""

    class Pattern(models.TextChoices):
        WEEKS = "weeks", _("每周几")
        MONTHS = "months", _("每月几日")
        DAYS = "days", _("每隔几天（赶集日）")

    class DayOff(models.TextChoices):
        DEFER = "defer", _("顺延到下一个工作日")
        KEEP = "keep", _("照常")
        SKIP = "skip", _("取消")

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("周一")
        TUESDAY = 2, _("周二")
        WEDNESDAY = 3, _("周三")
        THURSDAY = 4, _("周四")
        FRIDAY = 5, _("周五")
        SATURDAY = 6, _("周六")
        SUNDAY = 7, _("周日")

    station = models.ForeignKey(
        Station, verbose_name=_("家站点"), on_delete=models.PROTECT, related_name="reception_plans"
    )
    kind = models.CharField(
        _("类别"), max_length=16, choices=ReceptionKind, default=ReceptionKind.RECEPTION_DAY
    )
    topic = models.CharField(_("主题"), max_length=80, blank=True)
    place = models.CharField(_("地点"), max_length=80, blank=True, help_text=_("不在站里时填写。"))
    pattern = models.CharField(_("怎么重复"), max_length=8, choices=Pattern, default=Pattern.WEEKS)
    every = models.PositiveSmallIntegerField(
        _("每几次"), default=1, help_text=_("每周、每月填 1；单月填 2；六天一场的集填 6。")
    )
    weekday = models.PositiveSmallIntegerField(_("周几"), choices=Weekday, null=True, blank=True)
    month_day = models.PositiveSmallIntegerField(
        _("几日"), null=True, blank=True, help_text=_("当月没有这一天时，取当月最后一天。")
    )
    day_off = models.CharField(
        _("遇到放假"), max_length=6, choices=DayOff, default=DayOff.DEFER, help_text=_("赶集日一般照常。")
    )
    begins_on = models.DateField(_("从哪天起"), help_text=_("赶集日从这一天数起。"))
    ends_on = models.DateField(_("到哪天止"), null=True, blank=True)
    starts_at_time = models.TimeField(_("几点开始"))
    ends_at_time = models.TimeField(_("几点结束"))
    people = models.ManyToManyField(Person, verbose_name=_("接待代表"), blank=True, related_name="+")
    is_public = models.BooleanField(_("公开"), default=True)

    objects: ClassVar[models.Manager] = OfStationQuerySet.as_manager()

    class Meta:
        verbose_name = _("接待规律")
        verbose_name_plural = _("接待规律")
        ordering = ["station", "begins_on"]
        constraints = [
            models.CheckConstraint(
                name="receptionplan_hours",
                condition=Q(ends_at_time__gt=F("starts_at_time")),
                violation_error_message=_("结束要晚于开始。"),
            ),
            models.CheckConstraint(
                name="receptionplan_every",
                condition=Q(every__gte=1),
                violation_error_message=_("“每几次”至少是 1。"),
            ),
            models.CheckConstraint(
                name="receptionplan_says_when",
                condition=Q(pattern="weeks", weekday__isnull=False)
                | Q(pattern="months", month_day__gte=1, month_day__lte=31)
                | Q(pattern="days"),
                violation_error_message=_("每周的要选周几，每月的要填几日（1 到 31）。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.station} {self.in_words()}"

    def in_words(self) -> str:
        """每周五, 每 2 个月 15 日, 每 6 天: the rule as a notice board says it."""
        if self.pattern == self.Pattern.WEEKS:
            day = str(self.get_weekday_display())
            return f"每{day}" if self.every == 1 else f"每 {self.every} 周的{day}"
        if self.pattern == self.Pattern.MONTHS:
            return (
                f"每月 {self.month_day} 日"
                if self.every == 1
                else f"每 {self.every} 个月的 {self.month_day} 日"
            )
        return f"每 {self.every} 天一次"

    def days(self, first: date, last: date) -> Iterator[date]:
        """The days the rule names from `first` to `last`, before days off are considered."""
        last = min(last, self.ends_on) if self.ends_on else last
        step = {"weeks": self._week, "months": self._month, "days": self._day}[self.pattern]
        turn = 0
        while (day := step(turn)) <= last:
            if day >= max(first, self.begins_on):
                yield day
            turn += 1

    def _day(self, turn: int) -> date:
        return self.begins_on + timedelta(days=self.every * turn)

    def _week(self, turn: int) -> date:
        ahead = (int(self.weekday or 1) - self.begins_on.isoweekday()) % 7
        return self.begins_on + timedelta(days=ahead + 7 * self.every * turn)

    def _month(self, turn: int) -> date:
        year, month = divmod(self.begins_on.month - 1 + self.every * turn, 12)
        year, month = self.begins_on.year + year, month + 1
        return date(year, month, min(int(self.month_day or 1), monthrange(year, month)[1]))


class ReceptionQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Whoever sees the station sees its days; a representative sees those with the own name on them, too."""
        mine = Q(pk__in=Reception.people.through.objects.filter(person__user_id=user.pk).values("reception"))
        return self.filter(Q(station__in=Station.objects.visible_to(user)) | mine)

    def public(self) -> Self:
        return self.filter(is_public=True)

    def now(self, at: datetime | None = None) -> Self:
        at = at or timezone.now()
        return self.filter(starts_at__lte=at, ends_at__gt=at, cancelled_reason="")

    def coming(self, at: datetime | None = None) -> Self:
        at = at or timezone.now()
        return self.filter(starts_at__gt=at, cancelled_reason="").order_by("starts_at")


@pghistory.track()
class Reception(models.Model):
    """A time at which representatives hear people at a station, or out at a market with its mobile station."""

    Kind = ReceptionKind

    public_id = models.CharField(_("对外编号"), max_length=12, unique=True, default=public_id, editable=False)
    station = models.ForeignKey(
        Station, verbose_name=_("家站点"), on_delete=models.PROTECT, related_name="receptions"
    )
    kind = models.CharField(
        _("类别"), max_length=16, choices=ReceptionKind, default=ReceptionKind.RECEPTION_DAY
    )
    topic = models.CharField(_("主题"), max_length=80, blank=True)
    place = models.CharField(
        _("地点"), max_length=80, blank=True, help_text=_("不在站里时填写，例如“集市东口蓝色帐篷”。")
    )
    starts_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"))
    people = models.ManyToManyField(Person, verbose_name=_("接待代表"), blank=True, related_name="receptions")
    is_public = models.BooleanField(_("公开"), default=True)
    plan = models.ForeignKey(
        ReceptionPlan,
        verbose_name=_("按哪条规律"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="receptions",
    )
    # The day the rule named, before a day off moved it: planning again makes no second row.
    planned_on = models.DateField(_("原定日期"), null=True, blank=True, editable=False)
    cancelled_reason = models.CharField(_("取消原因"), max_length=80, blank=True)

    objects: ClassVar[models.Manager] = ReceptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("接待安排")
        verbose_name_plural = _("接待安排")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="reception_ends_after_start",
                condition=Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("结束要晚于开始。"),
            ),
            models.UniqueConstraint(fields=["plan", "planned_on"], name="reception_planned_once"),
            ExclusionConstraint(
                name="reception_no_overlap",
                violation_error_message=_("这个站这段时间已经有一场接待，请错开。"),
                expressions=[
                    ("station", RangeOperators.EQUAL),
                    (_Hours("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["station", "starts_at"], name="reception_station_start"),
            models.Index(fields=["starts_at"], name="reception_start"),
        ]

    @property
    def is_soon(self) -> bool:
        """Today or tomorrow: the leaf of the calendar is red."""
        return (timezone.localdate(self.starts_at) - timezone.localdate()).days <= 1

    @property
    def is_now(self) -> bool:
        return self.starts_at <= timezone.now() < self.ends_at and not self.cancelled_reason

    def clean(self) -> None:
        """Of the field, though a constraint says it too: the one against overlaps cannot read hours from late to early."""
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": _("结束要晚于开始。")})

    def __str__(self) -> str:
        return f"{self.station} {timezone.localtime(self.starts_at):%m-%d %H:%M}"
