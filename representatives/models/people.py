"""People with public office: what they were elected to, and where they sit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import Category
from accounts.permissions import Permission
from accounts.roles import ScopeKind
from core.codes import public_id
from core.models import Attachment
from core.pinyin import sort_key
from core.privacy import EncryptedTextField, blind_index, normalise_phone
from representatives import places
from representatives.models.bodies import (
    Body,
    CongressTerm,
    Constituency,
    OfBodyQuerySet,
    OfTermQuerySet,
    Validity,
    check_order,
    reached,
)

if TYPE_CHECKING:
    from datetime import date

    from accounts.models import User


class PersonQuerySet(models.QuerySet):
    def in_office(self, on: date | None = None) -> Self:
        """People with a live mandate: the representatives of that day."""
        return self.filter(Exists(Mandate.objects.current(on).filter(person=OuterRef("pk"))))

    def public(self) -> Self:
        return self.filter(is_public=True)

    def visible_to(self, user: User) -> Self:
        """By the bodies they sit in and the places where they sit; a representative sees the own entry."""
        seen = Q(user_id=user.pk) if user.pk else Q(pk__in=[])
        for grant in access.grants_with(user, Permission.REPRESENTATIVE_VIEW):
            if grant.scope == ScopeKind.SITE:
                return self.all()
            sitting = Mandate.objects.filter(reached(grant, "term__body__area"))
            members = BodyMember.objects.filter(reached(grant, "body__area"))
            seen |= Q(pk__in=places.people_within(user, grant))
            seen |= Q(pk__in=sitting.values("person")) | Q(pk__in=members.values("person"))
        return self.filter(seen)


@pghistory.track(exclude=["phone", "phone_index"])
class Person(models.Model):
    """A person with public office. A representative is a person with a live mandate; one may hold several.

    The phone is encrypted and never public: residents leave words, the station passes them on.
    """

    class Sex(models.TextChoices):
        MALE = "male", _("男")
        FEMALE = "female", _("女")

    public_id = models.CharField(_("对外编号"), max_length=12, unique=True, default=public_id, editable=False)
    name = models.CharField(_("姓名"), max_length=40)
    pinyin = models.CharField(_("拼音"), max_length=120, blank=True)
    sex = models.CharField(_("性别"), max_length=6, choices=Sex, blank=True)
    occupation = models.CharField(_("职业"), max_length=80, blank=True)
    introduction = models.CharField(_("简介"), max_length=200, blank=True)
    photo = models.ForeignKey(
        Attachment, verbose_name=_("照片"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    topics = models.ManyToManyField(Category, verbose_name=_("常听的事"), blank=True, related_name="+")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("账号"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="person",
    )
    certificate_no = models.CharField(_("代表证号"), max_length=40, blank=True)
    phone = EncryptedTextField(_("手机号"), scope="representatives.person.phone", blank=True, default="")
    phone_index = models.CharField(_("手机号索引"), max_length=32, blank=True, db_index=True, editable=False)
    is_public = models.BooleanField(_("公开"), default=True)

    objects: ClassVar[models.Manager] = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("代表")
        verbose_name_plural = _("代表")
        ordering = ["pinyin", "pk"]
        indexes = [models.Index(fields=["pinyin", "id"], name="person_pinyin")]
        constraints = [
            models.UniqueConstraint(
                fields=["certificate_no"],
                condition=~Q(certificate_no=""),
                name="person_certificate_once",
                violation_error_message=_("这个代表证号已经登记在别人名下，请核对。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.set_keys()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("representatives:detail", args=[self.public_id])

    @property
    def photo_url(self) -> str:
        """The public portrait; empty gives the neutral drawing."""
        return reverse("core:file", args=[self.photo.public_id]) if self.photo else ""

    @property
    def elected_by(self) -> str:
        """牛场选区、石桥镇人大: by whom, for pages that read `live_mandates`."""
        mandates: list[Mandate] = getattr(self, "live_mandates", [])
        return "、".join(
            mandate.constituency.name if mandate.constituency else mandate.electing_unit
            for mandate in mandates
            if mandate.constituency or mandate.electing_unit
        )

    def set_keys(self) -> None:
        """What is looked up follows from what is written; bulk writers call this themselves."""
        self.pinyin = sort_key(self.name)[:120]
        number = normalise_phone(self.phone)
        self.phone_index = blind_index(number, scope="representatives.person.phone") if number else ""


class MandateQuerySet(OfTermQuerySet):
    def current(self, on: date | None = None) -> Self:
        on = on or timezone.localdate()
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on), begins_on__lte=on)


@pghistory.track()
class Mandate(models.Model):
    """代表资格: a person represents one constituency (or electing unit) in one term of one body."""

    person = models.ForeignKey(
        Person, verbose_name=_("代表"), on_delete=models.PROTECT, related_name="mandates"
    )
    term = models.ForeignKey(
        CongressTerm, verbose_name=_("届"), on_delete=models.PROTECT, related_name="mandates"
    )
    constituency = models.ForeignKey(
        Constituency,
        verbose_name=_("选区"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="mandates",
    )
    electing_unit = models.CharField(
        _("原选举单位"), max_length=80, blank=True, help_text=_("间接选举的代表填写。")
    )
    begins_on = models.DateField(_("自"))
    ends_on = models.DateField(_("至"), null=True, blank=True)
    end_reason = models.CharField(_("终止原因"), max_length=60, blank=True)

    objects: ClassVar[models.Manager] = MandateQuerySet.as_manager()

    class Meta:
        verbose_name = _("代表资格")
        verbose_name_plural = _("代表资格")
        ordering = ["-begins_on"]
        constraints = [
            ExclusionConstraint(
                name="mandate_once_at_a_time",
                violation_error_message=_("这个人这一届已经有代表资格了，请先写明原来的到哪天为止。"),
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("term", RangeOperators.EQUAL),
                    (Validity("begins_on", "ends_on", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.term}"

    def clean(self) -> None:
        check_order(self.begins_on, self.ends_on)

    @property
    def level(self) -> str:
        return self.term.body.level

    @property
    def title(self) -> str:
        """县人大代表、镇人大代表……"""
        return f"{self.term.body.get_level_display()}人大代表"


@pghistory.track()
class BodyMember(models.Model):
    """A seat in a body that is not elected by constituency: presidium, standing committee, street assembly."""

    body = models.ForeignKey(Body, verbose_name=_("机构"), on_delete=models.PROTECT, related_name="members")
    person = models.ForeignKey(Person, verbose_name=_("人员"), on_delete=models.PROTECT, related_name="seats")
    position = models.CharField(_("职务"), max_length=40, blank=True)
    begins_on = models.DateField(_("自"))
    ends_on = models.DateField(_("至"), null=True, blank=True)

    objects: ClassVar[models.Manager] = OfBodyQuerySet.as_manager()

    class Meta:
        verbose_name = _("组成人员")
        verbose_name_plural = _("组成人员")

    def __str__(self) -> str:
        return f"{self.person} {self.body}"

    def clean(self) -> None:
        check_order(self.begins_on, self.ends_on)
