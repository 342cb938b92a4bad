"""人大代表: people, their mandates, the bodies they sit in, and the facts of their duty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import Area, Category
from accounts.permissions import Permission
from accounts.roles import ScopeKind
from core.codes import public_id
from core.models import Attachment, Event
from core.pinyin import sort_key
from core.privacy import EncryptedTextField, blind_index, normalise_phone
from representatives import places

if TYPE_CHECKING:
    from datetime import date

    from accounts.access import Grant
    from accounts.models import User


class Validity(Func):
    """daterange(from, to, '[)') for exclusion constraints."""

    function = "DATERANGE"
    output_field = DateRangeField()


def check_order(begins_on: date | None, ends_on: date | None) -> None:
    """Said of the field, so that the constraints on `Validity` are left alone: PostgreSQL has no range from late to early."""
    if begins_on is not None and ends_on is not None and ends_on < begins_on:
        raise ValidationError({"ends_on": _("“至”不能早于“自”。")})


class CongressLevel(models.TextChoices):
    """五级代表。"""

    NATION = "nation", _("全国")
    PROVINCE = "province", _("省")
    CITY = "city", _("市")
    COUNTY = "county", _("县")
    TOWN = "town", _("乡镇")


WIDER_THAN_A_COUNTY = (CongressLevel.NATION, CongressLevel.PROVINCE, CongressLevel.CITY)


def reached(grant: Grant, path: str) -> Q:
    """The divisions a grant reaches, from the field `path` that leads to an area; the code is the path downwards."""
    if grant.scope == ScopeKind.SITE:
        return Q()
    found = Q(pk__in=[])
    for county_code in grant.county_codes:
        found |= Q(**{f"{path}__code__startswith": county_code[:6]})
    if grant.town_code:
        found |= Q(**{f"{path}__code__startswith": grant.town_code[:9]})
    return found


class BodyQuerySet(models.QuerySet):
    body_path = ""

    def visible_to(self, user: User) -> Self:
        """Bodies of one's own area and of the county it lies in, and the wider ones in which people of every county sit."""
        grants = access.grants_with(user, Permission.REPRESENTATIVE_VIEW)
        if not grants:
            return self.none()
        seen = Q(**{f"{self.body_path}level__in": WIDER_THAN_A_COUNTY})
        for grant in grants:
            if grant.scope == ScopeKind.SITE:
                return self.all()
            seen |= reached(grant, f"{self.body_path}area")
            if grant.town_code:  # the county's representatives sit at the town's stations
                seen |= Q(**{f"{self.body_path}area__code": f"{grant.town_code[:6]}000000"})
            if grant.scope == ScopeKind.STATION:
                seen |= Q(**{f"{self.body_path}area__code__in": places.area_codes_of(user)})
        return self.filter(seen)


class OfBodyQuerySet(BodyQuerySet):
    body_path = "body__"


class OfTermQuerySet(BodyQuerySet):
    body_path = "term__body__"


@pghistory.track()
class Body(models.Model):
    """A people's congress, its standing committee, a town presidium, or a street assembly."""

    class Kind(models.TextChoices):
        CONGRESS = "congress", _("人民代表大会")
        STANDING_COMMITTEE = "standing_committee", _("人大常委会")
        PRESIDIUM = "presidium", _("乡镇人大主席团")
        STREET_COMMITTEE = "street_committee", _("人大街道工委")
        STREET_ASSEMBLY = "street_assembly", _("街道议政代表会")

    name = models.CharField(_("名称"), max_length=80, unique=True)
    kind = models.CharField(_("类别"), max_length=20, choices=Kind)
    level = models.CharField(_("级别"), max_length=10, choices=CongressLevel)
    area = models.ForeignKey(Area, verbose_name=_("区划"), on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager] = BodyQuerySet.as_manager()

    class Meta:
        verbose_name = _("会议机构")
        verbose_name_plural = _("会议机构")
        ordering = ["area__code", "kind"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class CongressTerm(models.Model):
    """届: one term of one body."""

    body = models.ForeignKey(Body, verbose_name=_("机构"), on_delete=models.PROTECT, related_name="terms")
    number = models.PositiveSmallIntegerField(_("第几届"))
    begins_on = models.DateField(_("开始"))
    ends_on = models.DateField(_("结束"), null=True, blank=True)

    objects: ClassVar[models.Manager] = OfBodyQuerySet.as_manager()

    class Meta:
        verbose_name = _("届")
        verbose_name_plural = _("届")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["body", "number"], name="term_number_once")]

    def __str__(self) -> str:
        return f"{self.body}第{self.number}届"


@pghistory.track()
class Constituency(models.Model):
    """选区: the villages that elect together."""

    term = models.ForeignKey(
        CongressTerm, verbose_name=_("届"), on_delete=models.PROTECT, related_name="constituencies"
    )
    name = models.CharField(_("名称"), max_length=60)
    seats = models.PositiveSmallIntegerField(_("应选代表数"), default=1)
    areas = models.ManyToManyField(
        Area, verbose_name=_("包含的区划"), blank=True, related_name="constituencies"
    )

    objects: ClassVar[models.Manager] = OfTermQuerySet.as_manager()

    class Meta:
        verbose_name = _("选区")
        verbose_name_plural = _("选区")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["term", "name"], name="constituency_name_once")]

    def __str__(self) -> str:
        return self.name


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


@pghistory.track()
class Meeting(models.Model):
    """A sitting of a body: a congress session, a committee meeting, an assembly meeting."""

    body = models.ForeignKey(Body, verbose_name=_("机构"), on_delete=models.PROTECT, related_name="meetings")
    term = models.ForeignKey(
        CongressTerm,
        verbose_name=_("届"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="meetings",
    )
    name = models.CharField(_("名称"), max_length=120)
    begins_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"), null=True, blank=True)
    place = models.CharField(_("地点"), max_length=80, blank=True)

    objects: ClassVar[models.Manager] = OfBodyQuerySet.as_manager()

    class Meta:
        verbose_name = _("会议")
        verbose_name_plural = _("会议")
        ordering = ["-begins_at"]

    def __str__(self) -> str:
        return self.name


class CheckIn(models.Model):
    """Who was at a meeting, came late, or had leave. Recorded by the clerk; nobody is asked to check in by phone."""

    class Kind(models.TextChoices):
        PRESENT = "present", _("出席")
        LATE = "late", _("迟到")
        LEAVE = "leave", _("请假")
        ABSENT = "absent", _("缺席")

    meeting = models.ForeignKey(
        Meeting, verbose_name=_("会议"), on_delete=models.PROTECT, related_name="check_ins"
    )
    person = models.ForeignKey(
        Person, verbose_name=_("人员"), on_delete=models.PROTECT, related_name="check_ins"
    )
    kind = models.CharField(_("情况"), max_length=8, choices=Kind)
    note = models.CharField(_("说明"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("出席情况")
        verbose_name_plural = _("出席情况")
        constraints = [models.UniqueConstraint(fields=["meeting", "person"], name="checkin_once")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"


class DutyKind(models.TextChoices):
    RECEPTION = "reception", _("接待群众")
    REQUEST_RECEIVED = "request_received", _("登记群众诉求")
    REQUEST_FOLLOWED = "request_followed", _("跟进群众诉求")
    ACTIVITY = "activity", _("参加活动")
    MEETING = "meeting", _("出席会议")


@pghistory.track()
class DutyRule(models.Model):
    """积分规则: points of a kind in a year, with a yearly cap. Read at counting time, so a correction reaches back."""

    year = models.PositiveSmallIntegerField(_("年度"))
    kind = models.CharField(_("履职事项"), max_length=20, choices=DutyKind)
    points = models.DecimalField(_("每次分值"), max_digits=5, decimal_places=1)
    yearly_cap = models.DecimalField(_("全年上限"), max_digits=5, decimal_places=1, null=True, blank=True)

    class Meta:
        verbose_name = _("积分规则")
        verbose_name_plural = _("积分规则")
        constraints = [models.UniqueConstraint(fields=["year", "kind"], name="dutyrule_once")]

    def __str__(self) -> str:
        return f"{self.year} {self.get_kind_display()}"


class DutyRecord(models.Model):
    """履职记录: a fact earned by an event, never a score. Replays are harmless: one row per event, person and kind."""

    person = models.ForeignKey(
        Person, verbose_name=_("代表"), on_delete=models.PROTECT, related_name="duty_records"
    )
    kind = models.CharField(_("履职事项"), max_length=20, choices=DutyKind)
    event = models.ForeignKey(Event, verbose_name=_("事件"), on_delete=models.PROTECT, related_name="+")
    on = models.DateField(_("日期"))

    class Meta:
        verbose_name = _("履职记录")
        verbose_name_plural = _("履职记录")
        constraints = [models.UniqueConstraint(fields=["event", "person", "kind"], name="dutyrecord_once")]
        indexes = [models.Index(fields=["person", "-on"], name="dutyrecord_person_on")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"
