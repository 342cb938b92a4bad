"""Private files of a case, served by a view that asks the case's rule."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_id


class AttachmentQuerySet(models.QuerySet):
    def about(self, case: Any) -> Self:
        return self.filter(case_label=case.label, case_id=case.pk).order_by("pk")


class Attachment(models.Model):
    """A photo of a case. The stored bytes are our own re-encoding: no EXIF, no place, no appended data."""

    class Role(models.TextChoices):
        EVIDENCE = "evidence", _("群众提供")
        BEFORE = "before", _("办理前")
        AFTER = "after", _("办理后")
        OTHER = "other", _("其他")

    public_id = models.CharField(_("对外编号"), max_length=12, unique=True, default=public_id, editable=False)
    case_label = models.CharField(_("办件种类"), max_length=24)
    case_id = models.BigIntegerField(_("办件"), null=True, blank=True)
    role = models.CharField(_("用途"), max_length=10, choices=Role, default=Role.EVIDENCE)
    path = models.CharField(_("存放位置"), max_length=120)
    sha256 = models.CharField(_("内容摘要"), max_length=64)
    content_type = models.CharField(_("类型"), max_length=40, default="image/jpeg")
    size = models.PositiveIntegerField(_("字节数"))
    width = models.PositiveIntegerField(_("宽"), default=0)
    height = models.PositiveIntegerField(_("高"), default=0)
    caption = models.CharField(_("说明"), max_length=60, blank=True)
    is_public = models.BooleanField(_("可公开"), default=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("上传人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField(_("上传时间"), default=timezone.now)

    objects: ClassVar[models.Manager] = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("附件")
        verbose_name_plural = _("附件")
        indexes = [models.Index(fields=["case_label", "case_id"], name="attachment_case")]

    def __str__(self) -> str:
        return self.caption or self.public_id
