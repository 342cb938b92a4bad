"""Through whose hands a request went, and which others it belongs with."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from intake.models.request import ConstituentRequest


class RequestAssignment(models.Model):
    """Who was handed the case, round by round: at most one is open."""

    request = models.ForeignKey(
        ConstituentRequest, verbose_name=_("诉求"), on_delete=models.PROTECT, related_name="assignments"
    )
    unit = models.ForeignKey(Unit, verbose_name=_("单位"), on_delete=models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField(_("轮次"))
    assigned_at = models.DateTimeField(_("交办时间"))
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    ended_by = models.CharField(_("怎么结束"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("交办")
        verbose_name_plural = _("交办")
        ordering = ["assigned_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(ended_at__isnull=True), name="requestassignment_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.unit}"


class RequestLink(models.Model):
    """Lineage between requests other than merging: where a part came from, or what a resident says is the same."""

    class Kind(models.TextChoices):
        SPLIT = "split", _("拆分自")
        DETACHED = "detached", _("从合并中拆出")
        # The resident said so; merging stays the clerk's decision.
        SAME = "same", _("群众说是同一件事")

    request = models.ForeignKey(
        ConstituentRequest, verbose_name=_("诉求"), on_delete=models.PROTECT, related_name="links"
    )
    origin = models.ForeignKey(
        ConstituentRequest, verbose_name=_("来自"), on_delete=models.PROTECT, related_name="offshoots"
    )
    kind = models.CharField(_("关系"), max_length=10, choices=Kind)
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("诉求关联")
        verbose_name_plural = _("诉求关联")
        constraints = [models.UniqueConstraint(fields=["request", "origin", "kind"], name="requestlink_once")]

    def __str__(self) -> str:
        return f"{self.request_id} ← {self.origin_id}"
