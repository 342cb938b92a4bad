"""Drafts and submissions: nothing typed is lost, nothing is taken twice."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.privacy import EncryptedJSONField

# Photos of a draft are attachments under this label until the matter is handed in.
PHOTOS_OF_DRAFT = "draft"


class Draft(models.Model):
    """Half-written words of one resident (by an opaque cookie) or of one person on a case. Encrypted, seven days."""

    key = models.CharField(
        _("键"), max_length=64, unique=True, help_text=_("浏览器凭证的摘要，或“用户:办件:动作”。")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("谁写的"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    case_label = models.CharField(_("办件种类"), max_length=24)
    case_id = models.BigIntegerField(_("办件"), null=True, blank=True)
    payload = EncryptedJSONField(_("内容"), scope="core.draft.payload")
    updated_at = models.DateTimeField(_("保存时间"), default=timezone.now)
    expires_at = models.DateTimeField(_("失效时间"))

    class Meta:
        verbose_name = _("草稿")
        verbose_name_plural = _("草稿")
        indexes = [models.Index(fields=["expires_at"], name="draft_expires")]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Submission(models.Model):
    """An idempotency key: the same key and body give the same answer for seven days; another body is refused."""

    scope = models.CharField(_("渠道"), max_length=40)
    key = models.CharField(_("幂等键"), max_length=80)
    body_digest = models.CharField(_("内容摘要"), max_length=64)
    case_label = models.CharField(_("办件种类"), max_length=24, blank=True)
    case_id = models.BigIntegerField(_("办件"), null=True, blank=True)
    status = models.PositiveSmallIntegerField(_("状态码"), default=201)
    answer = EncryptedJSONField(_("答复"), scope="core.submission.answer")
    created_at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("提交记录")
        verbose_name_plural = _("提交记录")
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="submission_once")]
        indexes = [models.Index(fields=["created_at"], name="submission_created")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class RateBucket(models.Model):
    """What one source used up of one limit since its window began: the fallback of the shared cache, and the only
    place for log-in and receipt-guessing counts. One row per source and limit."""

    scope = models.CharField(_("限制"), max_length=40)
    key_digest = models.CharField(_("来源摘要"), max_length=32)
    window_start = models.DateTimeField(_("窗口开始"))
    count = models.PositiveIntegerField(_("次数"), default=0)
    expires_at = models.DateTimeField(_("失效时间"))

    class Meta:
        verbose_name = _("限流计数")
        verbose_name_plural = _("限流计数")
        constraints = [models.UniqueConstraint(fields=["scope", "key_digest"], name="ratebucket_once")]
        indexes = [models.Index(fields=["expires_at"], name="ratebucket_expires")]

    def __str__(self) -> str:
        return f"{self.scope} {self.count}"


class Heartbeat(models.Model):
    """Signs of life: the last time a named job ran to its end."""

    name = models.CharField(_("名称"), max_length=40, primary_key=True)
    at = models.DateTimeField(_("时间"))
    note = models.CharField(_("说明"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("心跳")
        verbose_name_plural = _("心跳")
        constraints = [models.CheckConstraint(name="heartbeat_named", condition=~Q(name=""))]

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
