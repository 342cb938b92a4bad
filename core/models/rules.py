"""Rule packs: a place's deadlines and ladder as versioned data with a source. A place is data, never a branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import pghistory
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import date


class _Validity(Func):
    """daterange(valid_from, valid_to, '[)'): what the exclusion constraint compares."""

    function = "DATERANGE"
    output_field = DateRangeField()


class RulePackQuerySet(models.QuerySet):
    def in_force(self, on: date) -> Self:
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), valid_from__lte=on)


@pghistory.track()
class RulePack(models.Model):
    """The rules of one place from one day on: the pack with the longest matching area prefix wins, term by term."""

    code = models.SlugField(_("代号"), max_length=40)
    name = models.CharField(_("名称"), max_length=80)
    area_prefix = models.CharField(
        _("适用区划代码前缀"),
        max_length=12,
        blank=True,
        help_text=_("留空表示全国默认；填 52 表示贵州省，填 6 位表示一个县。"),
    )
    source = models.CharField(
        _("依据文件"), max_length=200, help_text=_("文件名称和条款，例如“《代表法》第五十一条”。")
    )
    valid_from = models.DateField(_("施行日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True, help_text=_("当天起不再适用。"))

    objects: ClassVar[models.Manager] = RulePackQuerySet.as_manager()

    class Meta:
        verbose_name = _("规则包")
        verbose_name_plural = _("规则包")
        ordering = ["area_prefix", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="rulepack_code_from"),
            ExclusionConstraint(
                name="rulepack_one_in_force",
                expressions=[
                    ("area_prefix", RangeOperators.EQUAL),
                    (_Validity("valid_from", "valid_to", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TimeUnit(models.TextChoices):
    HOURS = "hours", _("小时")
    DAYS = "days", _("天")
    WORKING_DAYS = "working_days", _("个工作日")
    MONTHS = "months", _("个月")


@pghistory.track()
class Term(models.Model):
    """How long one named clock runs for one class of case, and on whose authority.

    `roll`: a date counted in days or months that falls on a day off moves to the next working day (local terms), or
    stays (statutory ones). `next_day_after`: what comes in later than this hour counts from the next day; empty means
    the hour does not matter.
    """

    pack = models.ForeignKey(
        RulePack, verbose_name=_("规则包"), on_delete=models.CASCADE, related_name="terms"
    )
    clock = models.CharField(_("期限名称"), max_length=40, help_text=_("例如 request.register。"))
    case_class = models.CharField(
        _("办件类别"), max_length=20, blank=True, help_text=_("留空表示一般；complex 表示复杂。")
    )
    amount = models.PositiveSmallIntegerField(_("时长"))
    unit = models.CharField(_("单位"), max_length=12, choices=TimeUnit)
    roll = models.BooleanField(_("遇休息日顺延"), default=True)
    next_day_after = models.TimeField(_("几点以后算第二天"), null=True, blank=True)
    max_extensions = models.PositiveSmallIntegerField(_("最多延期次数"), default=1)
    article = models.CharField(_("条款"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("期限")
        verbose_name_plural = _("期限")
        ordering = ["pack", "clock", "case_class"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "clock", "case_class"], name="term_once_per_class"),
            models.CheckConstraint(name="term_amount_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.clock} {self.amount}{self.get_unit_display()}"


@pghistory.track()
class Rung(models.Model):
    """One step of a ladder: so long before or after the due date, who hears it, and what the system then does."""

    class Level(models.TextChoices):
        REMIND = "remind", _("提醒")
        URGE = "urge", _("催办")
        SUPERVISE = "supervise", _("督办")
        INTERVIEW = "interview", _("约谈")
        CIRCULATE = "circulate", _("通报")
        REPORT = "report", _("上报")

    pack = models.ForeignKey(
        RulePack, verbose_name=_("规则包"), on_delete=models.CASCADE, related_name="rungs"
    )
    clock = models.CharField(_("期限名称"), max_length=40)
    order = models.PositiveSmallIntegerField(_("级次"))
    level = models.CharField(_("手段"), max_length=12, choices=Level)
    offset = models.SmallIntegerField(_("时差"), help_text=_("负数为到期前，0 为到期时，正数为超期后。"))
    offset_unit = models.CharField(
        _("时差单位"), max_length=12, choices=TimeUnit, default=TimeUnit.WORKING_DAYS
    )
    hears = models.JSONField(
        _("通知谁"), default=list, help_text=_('角色代号的列表，例如 ["unit_officer"]。')
    )
    fires = models.CharField(
        _("触发的动作"), max_length=32, blank=True, help_text=_("工作流动作名，例如 escalate。")
    )
    requires_answer = models.BooleanField(_("要求回应"), default=False)
    document = models.CharField(_("文书"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("催督梯级")
        verbose_name_plural = _("催督梯级")
        ordering = ["pack", "clock", "order"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "clock", "order"], name="rung_once_in_its_ladder")
        ]

    def __str__(self) -> str:
        return f"{self.clock} {self.get_level_display()}"
