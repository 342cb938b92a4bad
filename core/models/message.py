"""Outbox row and inbox item in one: written in the transaction of the event, claimed by workers."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MessageQuerySet(models.QuerySet):
    def inbox_of(self, user: Any) -> Self:
        return self.filter(channel=Message.Channel.INBOX, recipient=user).order_by("-created_at")

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def waiting(self, now: Any) -> Self:
        return self.filter(sent_at__isnull=True, dead_at__isnull=True, next_try_at__lte=now)

    def dead(self) -> Self:
        return self.filter(dead_at__isnull=False)


class Message(models.Model):
    """A notice to one recipient on one channel.

    It holds no address and none of the resident's or the unit's words: the contact is a reference resolved at
    sending, the context only numbers, categories, dates and links.
    """

    class Channel(models.TextChoices):
        INBOX = "inbox", _("站内")
        EMAIL = "email", _("邮件")
        SMS = "sms", _("短信")
        WEBHOOK = "webhook", _("推送")

    kind = models.CharField(_("通知"), max_length=64)
    channel = models.CharField(_("渠道"), max_length=8, choices=Channel)
    dedupe = models.CharField(_("去重键"), max_length=160, unique=True)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("收件人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    contact_ref = models.CharField(
        _("联系人引用"), max_length=60, blank=True, help_text=_("例如 request:15，发送时才取号码。")
    )
    case_label = models.CharField(_("办件种类"), max_length=24, blank=True)
    case_id = models.BigIntegerField(_("办件"), null=True, blank=True)
    context = models.JSONField(_("内容要素"), default=dict)
    is_urgent = models.BooleanField(_("加急"), default=False)
    created_at = models.DateTimeField(_("产生时间"), default=timezone.now)
    next_try_at = models.DateTimeField(_("下次发送时间"), null=True, blank=True, default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("已试次数"), default=0)
    # Set before a provider without idempotency keys is called: a crash in between is alarmed, not repeated blindly.
    sending_at = models.DateTimeField(_("正在发送"), null=True, blank=True)
    sent_at = models.DateTimeField(_("发出时间"), null=True, blank=True)
    dead_at = models.DateTimeField(_("放弃时间"), null=True, blank=True)
    read_at = models.DateTimeField(_("阅读时间"), null=True, blank=True)
    last_error = models.CharField(_("上次失败原因"), max_length=200, blank=True)

    objects: ClassVar[models.Manager] = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("消息")
        verbose_name_plural = _("消息")
        constraints = [
            models.CheckConstraint(
                name="message_has_recipient",
                condition=Q(recipient__isnull=False) | ~Q(contact_ref="") | Q(channel="webhook"),
            ),
        ]
        indexes = [
            # In the order in which messages are claimed: sorting ten thousand that wait, for each one sent, is work squared.
            models.Index(
                fields=["attempts", "next_try_at", "id"],
                condition=Q(sent_at__isnull=True, dead_at__isnull=True),
                name="message_waiting",
            ),
            models.Index(
                fields=["recipient", "-created_at"], condition=Q(channel="inbox"), name="message_inbox"
            ),
            models.Index(fields=["case_label", "case_id"], name="message_case"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.channel})"
