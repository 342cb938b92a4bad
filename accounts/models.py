"""Users, divisions, units, memberships, and the reference data several apps share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import pghistory
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import SEPARATE_ROLES, Role
from core.pinyin import sort_key
from core.privacy import EncryptedTextField

if TYPE_CHECKING:
    from datetime import date


class HouseUserManager(UserManager["User"]):
    def create_superuser(self, *args: object, **kwargs: object) -> User:
        raise ValueError("No superuser is in use. Run: manage.py create_first_administrator")


class User(AbstractUser):
    """An account of a person. Rights come from memberships only; `is_superuser` and Django's groups are not used."""

    email = models.EmailField(_("邮箱"), blank=True)
    display_name = models.CharField(_("姓名"), max_length=40)
    phone = EncryptedTextField(_("手机号"), scope="accounts.user.phone", blank=True, default="")
    title = models.CharField(_("职务"), max_length=60, blank=True)
    must_change_password = models.BooleanField(_("须改密码"), default=False)
    password_changed_at = models.DateTimeField(_("改密时间"), default=timezone.now)

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    objects: ClassVar[UserManager] = HouseUserManager()

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")
        ordering = ["username"]
        constraints = [models.CheckConstraint(name="user_no_superuser", condition=Q(is_superuser=False))]

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class AreaQuerySet(models.QuerySet):
    def in_force(self, on: date | None = None) -> Self:
        on = on or timezone.localdate()
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), valid_from__lte=on)

    def below(self, area: Area) -> Self:
        """The division itself and all below it: the code is the path."""
        return self.filter(code__startswith=area.prefix)


@pghistory.track()
class Area(models.Model):
    """行政区划, keyed by the 12-digit statistical code. Never deleted: a change ends one row and names its successor."""

    class Level(models.TextChoices):
        PROVINCE = "province", _("省级")
        PREFECTURE = "prefecture", _("地级")
        COUNTY = "county", _("县级")
        TOWN = "township", _("乡级")
        VILLAGE = "village", _("村级")

    # 统计用区划代码: how many leading digits of the code name a division of this level.
    PREFIX_LENGTH: ClassVar[dict[str, int]] = {
        "province": 2,
        "prefecture": 4,
        "county": 6,
        "township": 9,
        "village": 12,
    }

    code = models.CharField(_("区划代码"), max_length=12)
    name = models.CharField(_("名称"), max_length=60)
    full_name = models.CharField(_("全称"), max_length=160, blank=True)
    pinyin = models.CharField(_("拼音"), max_length=160, blank=True)
    level = models.CharField(_("级别"), max_length=10, choices=Level)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    valid_from = models.DateField(_("启用日期"))
    valid_to = models.DateField(_("停用日期"), null=True, blank=True)
    successors = models.ManyToManyField(
        "self", verbose_name=_("并入、更名为"), symmetrical=False, blank=True, related_name="predecessors"
    )

    objects: ClassVar[models.Manager] = AreaQuerySet.as_manager()

    class Meta:
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="area_code_from"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(valid_to__isnull=True), name="area_code_current"
            ),
            models.CheckConstraint(name="area_code_twelve_digits", condition=Q(code__regex=r"^\d{12}$")),
        ]
        indexes = [
            models.Index(OpClass("code", name="varchar_pattern_ops"), name="area_code_prefix"),
            models.Index(fields=["parent", "code"], name="area_parent_code"),
        ]

    def __str__(self) -> str:
        return self.name

    def set_keys(self) -> None:
        """Sort key and full name follow from name and place in the tree; bulk writers call this themselves."""
        self.pinyin = sort_key(self.name)
        self.full_name = f"{self.parent.full_name if self.parent else ''}{self.name}"[:160]

    @property
    def prefix(self) -> str:
        return self.code[: self.PREFIX_LENGTH[self.level]]

    @property
    def county_code(self) -> str:
        """The county this division lies in, or an empty string above the county."""
        return self.code[:6] + "000000" if self.level in ("county", "township", "village") else ""

    @property
    def town_code(self) -> str:
        return self.code[:9] + "000" if self.level in ("township", "village") else ""


class UnitQuerySet(models.QuerySet):
    def in_use(self) -> Self:
        return self.filter(is_active=True)


@pghistory.track()
class Unit(models.Model):
    """单位: an organ that handles (承办单位), a congress office, or any organisation people belong to."""

    class Kind(models.TextChoices):
        GOVERNMENT = "government", _("政府部门")
        TOWN = "town", _("乡镇、街道")
        CONGRESS = "congress", _("人大机关")
        COURT = "court", _("监委、法院、检察院")
        ENTERPRISE = "enterprise", _("企事业单位")
        OTHER = "other", _("其他")

    code = models.SlugField(_("代号"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    short_name = models.CharField(_("简称"), max_length=40, blank=True)
    pinyin = models.CharField(_("拼音"), max_length=160, blank=True)
    kind = models.CharField(_("类别"), max_length=12, choices=Kind, default=Kind.GOVERNMENT)
    area = models.ForeignKey(Area, verbose_name=_("所在区划"), on_delete=models.PROTECT, related_name="units")
    phone = models.CharField(_("办公电话"), max_length=30, blank=True)
    is_handling = models.BooleanField(_("可承办"), default=True)
    is_active = models.BooleanField(_("在用"), default=True)

    objects: ClassVar[models.Manager] = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("单位")
        verbose_name_plural = _("单位")
        ordering = ["pinyin", "name"]

    def __str__(self) -> str:
        return self.name

    def set_keys(self) -> None:
        self.pinyin = sort_key(self.name)


class MembershipQuerySet(models.QuerySet):
    def in_force(self, on: date | None = None) -> Self:
        on = on or timezone.localdate()
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), valid_from__lte=on)

    def not_ended(self, on: date | None = None) -> Self:
        """In force or still to come."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on or timezone.localdate()))

    def as_rows(self) -> Any:
        """What a grant is made of, one JSON object a membership: fit for a subquery of another statement."""
        place = {"area": "area__code", "level": "area__level"}
        return self.values_list(JSONObject(role="role", unit="unit_id", **place), flat=True)


@pghistory.track()
class Membership(models.Model):
    """Who holds which role over which area or unit, from when to when. Stations are named in `stations.StationStaff`."""

    user = models.ForeignKey(
        User, verbose_name=_("用户"), on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("角色"), max_length=16, choices=Role)
    area = models.ForeignKey(
        Area, verbose_name=_("区划"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    unit = models.ForeignKey(
        Unit,
        verbose_name=_("单位"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="memberships",
    )
    valid_from = models.DateField(_("自"), default=timezone.localdate)
    valid_to = models.DateField(_("至"), null=True, blank=True)

    objects: ClassVar[models.Manager] = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = _("任职")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "area", "unit"],
                condition=Q(valid_to__isnull=True),
                nulls_distinct=False,
                name="membership_once",
            ),
            # 三员分立：the table itself refuses a second separate role; together with any other role the action refuses.
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(valid_to__isnull=True, role__in=sorted(SEPARATE_ROLES)),
                name="membership_one_separate_role",
            ),
            models.CheckConstraint(
                name="membership_bound_to_one",
                condition=Q(area__isnull=True) | Q(unit__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.get_role_display()}"


@pghistory.track()
class Category(models.Model):
    """分类: what a request or a topic is about. Shared by stations and intake; two levels."""

    code = models.SlugField(_("代号"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=40)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("上级分类"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    icon = models.CharField(_("图标"), max_length=30, blank=True)
    order = models.PositiveSmallIntegerField(_("排序"), default=0)
    is_sensitive = models.BooleanField(_("敏感"), default=False, help_text=_("短信里只写编号，不写事由。"))
    default_unit = models.ForeignKey(
        Unit, verbose_name=_("通常由谁办"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_active = models.BooleanField(_("在用"), default=True)

    class Meta:
        verbose_name = _("分类")
        verbose_name_plural = _("分类")
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name


class RecoveryCode(models.Model):
    """A hashed one-time code for the day the phone is lost."""

    user = models.ForeignKey(
        User, verbose_name=_("用户"), on_delete=models.CASCADE, related_name="recovery_codes"
    )
    digest = models.CharField(_("摘要"), max_length=128)
    used_at = models.DateTimeField(_("使用时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("恢复码")
        verbose_name_plural = _("恢复码")

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class LoginSession(models.Model):
    """One signed-in browser of a user, so that people can see and end their own, and disabling ends all."""

    user = models.ForeignKey(
        User, verbose_name=_("用户"), on_delete=models.CASCADE, related_name="login_sessions"
    )
    session_key = models.CharField(_("会话"), max_length=40, unique=True)
    device = models.CharField(_("设备"), max_length=120, blank=True)
    address = models.CharField(_("地址"), max_length=45, blank=True)
    started_at = models.DateTimeField(_("登录时间"), default=timezone.now)
    # Coarse: written at most every five minutes, so that reading a page is not a write each time.
    seen_at = models.DateTimeField(_("最近使用"), default=timezone.now)
    ended_at = models.DateTimeField(_("退出时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("登录会话")
        verbose_name_plural = _("登录会话")
        indexes = [models.Index(fields=["user", "-seen_at"], name="loginsession_user")]

    def __str__(self) -> str:
        return f"session of {self.user_id}"


class PasswordHistory(models.Model):
    """Hashes of earlier passwords, for profiles that forbid reuse (等保)."""

    user = models.ForeignKey(User, verbose_name=_("用户"), on_delete=models.CASCADE, related_name="+")
    password = models.CharField(_("密码摘要"), max_length=128)
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("密码历史")
        verbose_name_plural = _("密码历史")

    def __str__(self) -> str:
        return f"password history of {self.user_id}"
