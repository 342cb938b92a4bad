"""接待日、流动接待、赶集日: one table; kind and place tell them apart. The life of a day comes with the stations' issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_id
from representatives.models import Person
from stations.models.station import Station

if TYPE_CHECKING:
    from datetime import datetime


class _Hours(Func):
    """tstzrange(starts_at, ends_at, '[)')"""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class ReceptionQuerySet(models.QuerySet):
    def now(self, at: datetime | None = None) -> Self:
        at = at or timezone.now()
        return self.filter(starts_at__lte=at, ends_at__gt=at, cancelled_reason="")

    def coming(self, at: datetime | None = None) -> Self:
        at = at or timezone.now()
        return self.filter(starts_at__gt=at, cancelled_reason="").order_by("starts_at")


class Reception(models.Model):
    """A time at which representatives hear people at a station, or out at a market with its mobile station."""

    class Kind(models.TextChoices):
        RECEPTION_DAY = "reception_day", _("接待日")
        MOBILE_VISIT = "mobile_visit", _("流动接待")
        MARKET_DAY = "market_day", _("赶集日")
        APPOINTMENT = "appointment", _("预约接待")

    public_id = models.CharField(_("对外编号"), max_length=12, unique=True, default=public_id, editable=False)
    station = models.ForeignKey(
        Station, verbose_name=_("家站点"), on_delete=models.PROTECT, related_name="receptions"
    )
    kind = models.CharField(_("类别"), max_length=16, choices=Kind, default=Kind.RECEPTION_DAY)
    topic = models.CharField(_("主题"), max_length=80, blank=True)
    place = models.CharField(
        _("地点"), max_length=80, blank=True, help_text=_("不在站里时填写，例如“集市东口蓝色帐篷”。")
    )
    starts_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"))
    people = models.ManyToManyField(Person, verbose_name=_("接待代表"), blank=True, related_name="receptions")
    is_public = models.BooleanField(_("公开"), default=True)
    cancelled_reason = models.CharField(_("取消原因"), max_length=80, blank=True)

    objects: ClassVar[models.Manager] = ReceptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("接待安排")
        verbose_name_plural = _("接待安排")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                name="reception_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))
            ),
            ExclusionConstraint(
                name="reception_no_overlap",
                expressions=[
                    ("station", RangeOperators.EQUAL),
                    (_Hours("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_reason=""),
            ),
        ]
        indexes = [models.Index(fields=["station", "starts_at"], name="reception_station_start")]

    def __str__(self) -> str:
        return f"{self.station} {timezone.localtime(self.starts_at):%m-%d %H:%M}"
