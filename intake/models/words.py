"""What is said about a request after it came in: rows of words that are erased with the person."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Unit
from core.models import Event
from core.privacy import EncryptedJSONField
from intake.models.request import ConstituentRequest, Satisfied, Solved


class _Erasable(models.Model):
    """A row of words about a request: anonymising empties the words and keeps the row."""

    words: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def anonymise(self) -> None:
        for name in self.words:
            setattr(self, name, "")
        self.save(update_fields=list(self.words))


class RequestProgress(_Erasable):
    """One line the resident may read. Written by actions only, so nothing internal can leak by accident."""

    words = ("title", "text")

    request = models.ForeignKey(
        ConstituentRequest, verbose_name=_("诉求"), on_delete=models.PROTECT, related_name="progress"
    )
    event = models.ForeignKey(
        Event, verbose_name=_("事件"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)
    title = models.CharField(_("标题"), max_length=120)
    # As long as a reply may be: what is answered is told whole.
    text = models.TextField(_("内容"), max_length=2000, blank=True)
    station = models.PositiveSmallIntegerField(_("到哪一站"), default=1)

    class Meta:
        verbose_name = _("群众可见进度")
        verbose_name_plural = _("群众可见进度")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.title


class RequestReply(_Erasable):
    """What a unit or station answers in one round: drafted by the officer, signed by the head."""

    words = ("headline", "body", "basis", "check_note")

    class Outcome(models.TextChoices):
        SOLVED = "solved", _("已经解决")
        PLANNED = "planned", _("正在解决")
        CANNOT = "cannot", _("眼下解决不了")

    request = models.ForeignKey(
        ConstituentRequest, verbose_name=_("诉求"), on_delete=models.PROTECT, related_name="replies"
    )
    round = models.PositiveSmallIntegerField(_("轮次"))
    unit = models.ForeignKey(
        Unit, verbose_name=_("单位"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(_("办到哪一步"), max_length=8, choices=Outcome)
    headline = models.CharField(_("一句话结果"), max_length=30)
    body = models.TextField(_("怎么办的"), max_length=2000)
    basis = models.CharField(_("依据"), max_length=200, blank=True)
    planned_on = models.DateField(_("哪天完成"), null=True, blank=True)
    written_by = models.ForeignKey(
        "accounts.User", verbose_name=_("经办人"), on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField(_("送审时间"), default=timezone.now)
    signed_by = models.ForeignKey(
        "accounts.User",
        verbose_name=_("签发人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    signed_at = models.DateTimeField(_("签发时间"), null=True, blank=True)
    check_note = models.CharField(_("审核意见"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("答复")
        verbose_name_plural = _("答复")
        ordering = ["written_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="requestreply_planned_has_date",
                condition=~Q(outcome="planned") | Q(planned_on__isnull=False),
            ),
            models.CheckConstraint(
                name="requestreply_signed_whole",
                condition=Q(signed_by__isnull=True, signed_at__isnull=True)
                | Q(signed_by__isnull=False, signed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.headline


class RequestNote(_Erasable):
    """Words that pass between the station and the resident after the first: a question back, an answer, an addition."""

    words = ("text",)

    class Kind(models.TextChoices):
        QUESTION = "question", _("请群众补充")
        ANSWER = "answer", _("群众补充")
        ADDITION = "addition", _("群众追加")
        STAFF = "staff", _("内部备注")

    request = models.ForeignKey(
        ConstituentRequest, verbose_name=_("诉求"), on_delete=models.PROTECT, related_name="notes"
    )
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    text = models.TextField(_("内容"), max_length=500)
    spans = EncryptedJSONField(_("隐去的号码"), scope="intake.requestnote.spans", default=list, blank=True)
    by = models.ForeignKey(
        "accounts.User",
        verbose_name=_("谁写的"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("来往留言")
        verbose_name_plural = _("来往留言")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.request_id}"

    def anonymise(self) -> None:
        self.text, self.spans = "", []
        self.save(update_fields=["text", "spans"])


class RequestCall(_Erasable):
    """One try to reach the resident: to tell the result or to ask the two questions. Three tries on three days."""

    words = ("note",)

    class Outcome(models.TextChoices):
        REACHED = "reached", _("打通了")
        NO_ANSWER = "no_answer", _("没人接")
        WRONG_NUMBER = "wrong_number", _("号码不对")
        REFUSED = "refused", _("不愿多说")

    request = models.ForeignKey(
        ConstituentRequest, verbose_name=_("诉求"), on_delete=models.PROTECT, related_name="calls"
    )
    outcome = models.CharField(_("结果"), max_length=12, choices=Outcome)
    note = models.CharField(_("记录"), max_length=200, blank=True)
    by = models.ForeignKey(
        "accounts.User", verbose_name=_("谁打的"), on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("回访记录")
        verbose_name_plural = _("回访记录")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} {self.request_id}"


class RequestRating(_Erasable):
    """What the resident answered to the two questions in one round. One per request and round; units never touch it."""

    words = ("remark",)

    request = models.ForeignKey(
        ConstituentRequest, verbose_name=_("诉求"), on_delete=models.PROTECT, related_name="ratings"
    )
    round = models.PositiveSmallIntegerField(_("轮次"))
    solved = models.CharField(_("解决了吗"), max_length=12, choices=Solved, blank=True)
    satisfied = models.CharField(_("满意吗"), max_length=14, choices=Satisfied, blank=True)
    remark = models.CharField(_("还有话说"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(
        "accounts.User",
        verbose_name=_("代为记录"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("群众评价")
        verbose_name_plural = _("群众评价")
        constraints = [
            models.UniqueConstraint(fields=["request", "round"], name="requestrating_once_per_round")
        ]

    def __str__(self) -> str:
        return f"{self.request_id} {self.get_satisfied_display()}"

    @property
    def sends_back(self) -> bool:
        """没解决 or 不满意 sends it back by itself; 部分解决 and 说不清 go to the call-back list."""
        return self.solved == Solved.NO or self.satisfied == Satisfied.DISSATISFIED
