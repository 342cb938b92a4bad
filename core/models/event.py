"""The ledger: what happened to which case, by whom, when. Append-only, chained by hash per case."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.privacy import EncryptedTextField


class ActorKind(models.TextChoices):
    USER = "user", _("工作人员")
    RESIDENT = "resident", _("群众")
    SYSTEM = "system", _("系统")
    IMPORT = "import", _("导入")


class EventQuerySet(models.QuerySet):
    def about(self, case: Any) -> Self:
        """The events of one case, oldest first."""
        return self.filter(case_label=case.label, case_id=case.pk).order_by("seq")

    def delete(self) -> Any:
        raise TypeError("The ledger is append-only.")

    def update(self, **kwargs: Any) -> int:
        raise TypeError("The ledger is append-only.")


class Event(models.Model):
    """One row is the truth of what happened. It holds ids, codes, states and instants, never a personal word.

    Words stand in `EventText`, which can be erased with its salt and leaves the chain valid. A trigger refuses
    UPDATE, DELETE and TRUNCATE; the application's role has INSERT only.
    """

    action_id = models.UUIDField(_("动作编号"), help_text=_("一次动作改动多个办件时相同。"))
    case_label = models.CharField(_("办件种类"), max_length=24)
    case_id = models.BigIntegerField(_("办件"))
    seq = models.PositiveIntegerField(_("序号"))
    kind = models.CharField(_("事件"), max_length=64, help_text=_("例如 intake.request.assign。"))
    from_state = models.CharField(_("原状态"), max_length=32, blank=True)
    to_state = models.CharField(_("新状态"), max_length=32)
    round = models.PositiveSmallIntegerField(_("轮次"), default=1)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("经办人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    actor_kind = models.CharField(_("谁做的"), max_length=8, choices=ActorKind)
    at = models.DateTimeField(_("时间"))
    # Canonical JSON as text, so that Python and PostgreSQL hash the same bytes.
    facts_text = models.TextField(_("事实"), default="{}")
    text_digest = models.BinaryField(_("文字摘要"), max_length=32, default=b"")
    prev_hash = models.BinaryField(_("前一事件"), max_length=32, default=b"")
    hash = models.BinaryField(_("本事件"), max_length=32)

    objects: ClassVar[models.Manager] = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("事件")
        verbose_name_plural = _("事件")
        constraints = [
            models.UniqueConstraint(fields=["case_label", "case_id", "seq"], name="event_once_in_its_chain")
        ]
        indexes = [
            models.Index(fields=["actor", "-at"], name="event_actor_at"),
            models.Index(fields=["case_label", "kind", "at"], name="event_kind_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.seq}"

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads(self.facts_text)

    @property
    def verb(self) -> str:
        return self.kind.rsplit(".", 1)[-1]

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("The ledger is append-only.")


class EventText(models.Model):
    """Words said with an event. Erasable: anonymising deletes the row, the digest in the chain then means nothing."""

    event = models.OneToOneField(
        Event, verbose_name=_("事件"), on_delete=models.PROTECT, related_name="words"
    )
    salt = models.BinaryField(_("盐"), max_length=16)
    text = EncryptedTextField(_("文字"), scope="core.eventtext.text")

    class Meta:
        verbose_name = _("事件文字")
        verbose_name_plural = _("事件文字")

    def __str__(self) -> str:
        return f"words of event {self.event_id}"


class AccessLog(models.Model):
    """Who looked at personal data of which case, and why: opening it is a POST with a reason, never a GET."""

    at = models.DateTimeField(_("时间"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("谁看的"), on_delete=models.PROTECT, related_name="+"
    )
    case_label = models.CharField(_("办件种类"), max_length=24)
    case_id = models.BigIntegerField(_("办件"))
    what = models.CharField(_("看了什么"), max_length=40)
    reason = models.CharField(_("理由"), max_length=200)
    request_id = models.CharField(_("请求编号"), max_length=36, blank=True)

    class Meta:
        verbose_name = _("查看记录")
        verbose_name_plural = _("查看记录")
        indexes = [
            models.Index(fields=["case_label", "case_id"], name="accesslog_case"),
            models.Index(fields=["actor", "-at"], name="accesslog_actor_at"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.case_label}:{self.case_id}"
