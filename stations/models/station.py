"""家站点: homes, stations, points, and who works and sits there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import Area, Category, Unit
from accounts.permissions import Permission
from accounts.roles import ScopeKind
from core.models import Attachment
from core.pinyin import sort_key
from representatives.models import Person, Validity, check_order, reached

if TYPE_CHECKING:
    from datetime import date

    from accounts.models import User


class VenueQuerySet(models.QuerySet):
    def visible_to(self, user: User) -> Self:
        """Places in one's area, and those on which a plate of one's own station hangs."""
        seen = Q(pk__in=Station.objects.visible_to(user).values("venue"))
        for grant in access.grants_with(user, Permission.STATION_VIEW):
            seen |= reached(grant, "area") if grant.scope != ScopeKind.SITE else Q(pk__isnull=False)
        return self.filter(seen)


@pghistory.track()
class Venue(models.Model):
    """A place with an address. Several plates may hang on one venue (立法点、站、公共法律服务中心)."""

    name = models.CharField(_("场所名称"), max_length=80)
    area = models.ForeignKey(Area, verbose_name=_("村、社区"), on_delete=models.PROTECT, related_name="+")
    address = models.CharField(_("地址"), max_length=120)
    step_free = models.CharField(
        _("无障碍"), max_length=80, blank=True, help_text=_("例如“门口有坡道，一楼有卫生间”。")
    )
    floor_area = models.PositiveIntegerField(_("面积（平方米）"), null=True, blank=True)
    latitude = models.DecimalField(_("纬度"), max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(_("经度"), max_digits=8, decimal_places=5, null=True, blank=True)

    objects: ClassVar[models.Manager] = VenueQuerySet.as_manager()

    class Meta:
        verbose_name = _("场所")
        verbose_name_plural = _("场所")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StationQuerySet(models.QuerySet):
    def in_use(self) -> Self:
        return self.filter(closed_on__isnull=True)

    def public(self) -> Self:
        return self.filter(is_public=True)

    def visible_to(self, user: User) -> Self:
        """The stations whose data this person may see in the staff's pages; the public pages show `public()`."""
        seen = Q(pk__in=[])
        for grant in access.grants_with(user, Permission.STATION_VIEW):
            if grant.scope == ScopeKind.STATION:
                seen |= Q(pk__in=stations_of(user))
            elif grant.scope == ScopeKind.AREA:
                seen |= (
                    Q(county_code__in=grant.county_codes)
                    if grant.county_codes
                    else Q(town_code=grant.town_code)
                )
            elif grant.scope == ScopeKind.SITE:
                return self.all()
            else:
                seen |= Q(postings__person__user_id=user.pk, postings__ends_on__isnull=True)
        return self.filter(seen).distinct()


@pghistory.track()
class Station(models.Model):
    """A home, station, point or any other kind of 家站点. The tree is home → station → point."""

    class Kind(models.TextChoices):
        HEAD_STATION = "head_station", _("代表联络总站")
        CENTRAL_STATION = "central_station", _("代表联络中心站")
        HOME = "home", _("代表之家")
        STATION = "station", _("代表联络站")
        POINT = "point", _("代表联络点")
        WORKROOM = "workroom", _("代表联系群众工作室")
        MOBILE = "mobile", _("流动联络站")
        SPECIALISED = "specialised", _("专业代表工作站")
        PERSONAL_OFFICE = "personal_office", _("代表个人联络室")
        ONLINE = "online", _("网上联络站")
        LEGISLATIVE_POINT = "legislative_point", _("基层立法联系点")
        HALL = "hall", _("民主议事厅")
        TALK_POINT = "talk_point", _("百姓说事点")

    class BuildMode(models.TextChoices):
        NEW = "new", _("新建")
        REBUILT = "rebuilt", _("改建")
        SHARED = "shared", _("共建共用")
        UPGRADED = "upgraded", _("提档升级")

    code = models.CharField(
        _("站点编号"),
        max_length=8,
        unique=True,
        validators=[RegexValidator(r"^[0-9A-Z]{3,8}$", _("编号用 3 到 8 位数字或大写字母。"))],
    )
    name = models.CharField(_("名称"), max_length=60)
    pinyin = models.CharField(_("拼音"), max_length=160, blank=True)
    kind = models.CharField(_("类别"), max_length=20, choices=Kind)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级家站点"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    venue = models.ForeignKey(
        Venue,
        verbose_name=_("场所"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="stations",
    )
    area = models.ForeignKey(
        Area, verbose_name=_("所在区划"), on_delete=models.PROTECT, related_name="stations"
    )
    unit = models.ForeignKey(
        Unit, verbose_name=_("主管单位"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    serves = models.ManyToManyField(
        Area, verbose_name=_("服务的村、社区"), blank=True, related_name="served_by"
    )
    # Rewritten by one function when a boundary moves.
    county_code = models.CharField(_("县级区划代码"), max_length=12, editable=False)
    town_code = models.CharField(_("乡级区划代码"), max_length=12, blank=True, editable=False)
    phone = models.CharField(_("电话"), max_length=30, blank=True)
    opening = models.CharField(
        _("开放时间"), max_length=120, blank=True, help_text=_("例如“周一至周五 9:00–17:00”。")
    )
    directions = models.CharField(_("怎么走"), max_length=120, blank=True)
    introduction = models.TextField(_("简介"), blank=True)
    functions = models.CharField(
        _("功能区"), max_length=120, blank=True, help_text=_("例如“接待、会议、展示”。")
    )
    target_group = models.CharField(_("服务对象"), max_length=60, blank=True)
    build_mode = models.CharField(_("建设方式"), max_length=10, choices=BuildMode, blank=True)
    opened_on = models.DateField(_("建成日期"), null=True, blank=True)
    closed_on = models.DateField(_("撤销日期"), null=True, blank=True)
    taken_over_by = models.ForeignKey(
        "self",
        verbose_name=_("由哪个站接替"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    photo = models.ForeignKey(
        Attachment, verbose_name=_("照片"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_public = models.BooleanField(_("公开"), default=True)

    objects: ClassVar[models.Manager] = StationQuerySet.as_manager()

    class Meta:
        verbose_name = _("家站点")
        verbose_name_plural = _("家站点")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="station_not_its_own_parent",
                condition=~Q(parent=models.F("id")),
                violation_error_message=_("上级不能是它自己。"),
            ),
            models.CheckConstraint(
                name="station_taken_over_when_closed",
                condition=Q(taken_over_by__isnull=True) | Q(closed_on__isnull=False),
                violation_error_message=_("还没有撤并的站，不用写由谁接替。"),
            ),
        ]
        indexes = [
            models.Index(fields=["county_code", "code"], name="station_county_code"),
            models.Index(fields=["town_code", "code"], name="station_town_code"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.set_keys()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("stations:detail", args=[self.code])

    def set_keys(self) -> None:
        """What is searched and scoped follows from name and area; bulk writers call this themselves."""
        self.county_code, self.town_code = self.area.county_code, self.area.town_code
        self.pinyin = sort_key(self.name)

    @property
    def photo_url(self) -> str:
        return reverse("core:file", args=[self.photo.public_id]) if self.photo else ""

    @property
    def is_closed(self) -> bool:
        return self.closed_on is not None and self.closed_on <= timezone.localdate()

    @property
    def short_path(self) -> str:
        """The path in the QR code on the wall."""
        return f"/s/{self.code}"


class OfStationQuerySet(models.QuerySet):
    """Rows that hang on a station are seen by whoever sees the station."""

    def visible_to(self, user: User) -> Self:
        return self.filter(station__in=Station.objects.visible_to(user))

    def current(self, on: date | None = None) -> Self:
        on = on or timezone.localdate()
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on), begins_on__lte=on)


@pghistory.track()
class StationStaff(models.Model):
    """Who works at a station: the binding of a clerk's or head's role to this very station."""

    class Duty(models.TextChoices):
        HEAD = "head", _("站长")
        DEPUTY_HEAD = "deputy_head", _("副站长")
        CLERK = "clerk", _("联络员")
        VOLUNTEER = "volunteer", _("志愿者")

    station = models.ForeignKey(
        Station, verbose_name=_("家站点"), on_delete=models.PROTECT, related_name="staff"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("人员"),
        on_delete=models.PROTECT,
        related_name="station_posts",
    )
    duty = models.CharField(_("分工"), max_length=12, choices=Duty, default=Duty.CLERK)
    begins_on = models.DateField(_("自"), default=timezone.localdate)
    ends_on = models.DateField(_("至"), null=True, blank=True)

    objects: ClassVar[models.Manager] = OfStationQuerySet.as_manager()

    class Meta:
        verbose_name = _("站点工作人员")
        verbose_name_plural = _("站点工作人员")
        constraints = [
            models.UniqueConstraint(
                fields=["station", "user"],
                condition=Q(ends_on__isnull=True),
                name="stationstaff_once",
                violation_error_message=_("这个人已经在这个站任职了。"),
            ),
        ]
        indexes = [models.Index(fields=["user"], name="stationstaff_user")]

    def __str__(self) -> str:
        return f"{self.user} {self.station}"

    def clean(self) -> None:
        check_order(self.begins_on, self.ends_on)


@pghistory.track()
class Posting(models.Model):
    """进站代表: a representative sits at a station from a day on. Dated, so a change of boundaries loses nothing."""

    station = models.ForeignKey(
        Station, verbose_name=_("家站点"), on_delete=models.PROTECT, related_name="postings"
    )
    person = models.ForeignKey(
        Person, verbose_name=_("代表"), on_delete=models.PROTECT, related_name="postings"
    )
    duty_days = models.CharField(_("值班安排"), max_length=60, blank=True, help_text=_("例如“每月 15 日”。"))
    begins_on = models.DateField(_("自"), default=timezone.localdate)
    ends_on = models.DateField(_("至"), null=True, blank=True)

    end_reason = models.CharField(_("离站原因"), max_length=60, blank=True)

    objects: ClassVar[models.Manager] = OfStationQuerySet.as_manager()

    class Meta:
        verbose_name = _("进站代表")
        verbose_name_plural = _("进站代表")
        ordering = ["station", "begins_on"]
        constraints = [
            ExclusionConstraint(
                name="posting_once_at_a_time",
                violation_error_message=_("这位代表这段时间已经在这个站了，请先写明原来的到哪天为止。"),
                expressions=[
                    ("station", RangeOperators.EQUAL),
                    ("person", RangeOperators.EQUAL),
                    (Validity("begins_on", "ends_on", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.station}"

    def clean(self) -> None:
        check_order(self.begins_on, self.ends_on)


class StationPhoto(models.Model):
    """More pictures of a station than its first."""

    station = models.ForeignKey(
        Station, verbose_name=_("家站点"), on_delete=models.CASCADE, related_name="photos"
    )
    attachment = models.ForeignKey(
        Attachment, verbose_name=_("照片"), on_delete=models.PROTECT, related_name="+"
    )
    order = models.PositiveSmallIntegerField(_("排序"), default=0)

    class Meta:
        verbose_name = _("站点照片")
        verbose_name_plural = _("站点照片")
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return f"photo of {self.station_id}"


class StationTopic(models.Model):
    """What a station is good at hearing, so that the finder can suggest it."""

    station = models.ForeignKey(
        Station, verbose_name=_("家站点"), on_delete=models.CASCADE, related_name="topics"
    )
    category = models.ForeignKey(Category, verbose_name=_("分类"), on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("站点专长")
        verbose_name_plural = _("站点专长")
        constraints = [models.UniqueConstraint(fields=["station", "category"], name="stationtopic_once")]

    def __str__(self) -> str:
        return f"{self.station_id} {self.category_id}"


def staffed_by(user: Any) -> models.QuerySet[StationStaff]:
    """The places of work that a person holds today: `user` may be an id, or an OuterRef of another statement."""
    today = timezone.localdate()
    return StationStaff.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=today), user=user, begins_on__lte=today
    )


def stations_of(user: Any) -> list[int]:
    """Ids of the stations where this person works now; read once per request, along with the session."""
    if not hasattr(user, "station_ids"):
        user.station_ids = list(staffed_by(user.pk).values_list("station_id", flat=True))
    return user.station_ids
