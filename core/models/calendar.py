"""Overrides of the working-day calendar, from the State Council's yearly notice."""

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _


@pghistory.track()
class CalendarDay(models.Model):
    """One day that differs from what the calendar would say: a holiday, or a make-up workday (调休)."""

    day = models.DateField(_("日期"), unique=True)
    is_workday = models.BooleanField(_("上班"))
    name = models.CharField(
        _("说明"), max_length=40, blank=True, help_text=_("例如“国庆节”“国庆节调休上班”。")
    )
    source = models.CharField(_("依据"), max_length=120, help_text=_("例如“国办发明电〔2026〕 号”。"))

    class Meta:
        verbose_name = _("工作日历")
        verbose_name_plural = _("工作日历")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {'上班' if self.is_workday else '休息'}"
