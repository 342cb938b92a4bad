"""群众诉求: what a resident said, and everything they may read of what became of it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import Area, Category, Unit
from accounts.permissions import Permission
from accounts.roles import Role, ScopeKind
from core.models import Case, CaseQuerySet, case_constraints
from core.privacy import EncryptedJSONField, EncryptedTextField, mask_phone
from intake.models.states import STATES
from representatives.models import Person
from stations.models import Station, stations_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from accounts.models import User
    from core.models import Clock
    from intake.models.words import RequestNote


class Channel(models.TextChoices):
    """By which way it came: 来访、来电、赶场…… all through one door."""

    WEB = "web", _("手机提交")
    QR = "qr", _("扫码提交")
    API = "api", _("接口")
    WALK_IN = "walk_in", _("来访")
    PHONE = "phone", _("来电")
    MARKET = "market", _("赶场快登")
    REPRESENTATIVE = "representative", _("代表登记")
    IMPORT = "import", _("导入")


class Notify(models.TextChoices):
    SMS = "sms", _("短信")
    WECHAT = "wechat", _("微信")
    PHONE = "phone", _("打电话")
    NONE = "none", _("自己来查")


class Visibility(models.TextChoices):
    STATION = "station", _("只有联络站")
    HANDLERS = "handlers", _("联络站、跟进的代表和办理单位")


class Complexity(models.TextChoices):
    ORDINARY = "", _("一般")
    COMPLEX = "complex", _("复杂")


class Solved(models.TextChoices):
    YES = "yes", _("解决了")
    PARTLY = "partly", _("部分解决")
    NO = "no", _("没解决")
    CANNOT_TELL = "cannot_tell", _("说不清")


class Satisfied(models.TextChoices):
    SATISFIED = "satisfied", _("满意")
    BASICALLY = "basically", _("基本满意")
    DISSATISFIED = "dissatisfied", _("不满意")


OPEN = Q(closed_at__isnull=True)


class RequestQuerySet(CaseQuerySet):
    def visible_to(self, user: User) -> Self:
        """The requests this person may see: the one definition for lists, details, counts, exports, search, API, admin.

        Equality and IN only, never a prefix. A unit sees what is handed to it and nothing that complains about it; a
        leader sees no confidential case; a representative sees what they follow.
        """
        seen = Q(pk__in=[])
        for grant in access.grants_with(user, Permission.REQUEST_VIEW):
            seen |= self._seen_through(grant, user)
        return self.filter(seen)

    def _seen_through(self, grant: access.Grant, user: User) -> Q:
        if grant.scope == ScopeKind.STATION:
            return Q(station_id__in=stations_of(user))
        if grant.scope == ScopeKind.AREA:
            seen = (
                Q(county_code__in=grant.county_codes) if grant.county_codes else Q(town_code=grant.town_code)
            )
            return seen & Q(is_confidential=False) if grant.role == Role.LEADER else seen
        if grant.scope == ScopeKind.UNIT:
            if grant.unit_id is None:  # not "cases of no unit"
                return Q(pk__in=[])
            accused = AccusedUnit.objects.filter(request=OuterRef("pk"), unit_id=grant.unit_id)
            return Q(unit_id=grant.unit_id) & ~Q(Exists(accused))
        return Q(follower__user_id=user.pk)

    def for_list(self) -> Self:
        """Everything a row of a list shows, without touching the encrypted columns."""
        return self.select_related("station", "unit", "category", "follower").defer(
            "body_spans", "contact_name", "contact_phone", "receipt_code", "search", "spaced"
        )

    def for_page(self) -> Self:
        """Everything the page of one case shows."""
        return self.select_related("station", "unit", "category", "village", "follower", "master")

    def to_anonymise(self, before: datetime) -> Self:
        return self.filter(closed_at__lt=before, anonymised_at__isnull=True, legal_hold=False)


class ConstituentRequest(Case):
    """群众诉求. Registered at a station, triaged, handled, answered, told, rated, and redone if not solved.

    `number` is what people read aloud (26-1124-48213): its last part is random. `receipt_code` (65 random bits) is the
    private link. Neither the phone nor the name is ever stored in the clear; numbers inside the words are cut out
    into `body_spans`.
    """

    label: ClassVar[str] = "request"

    reference = models.CharField(_("编号"), max_length=16, unique=True)
    receipt_code = EncryptedTextField(_("查询码"), scope="intake.request.receipt_code")
    receipt_index = models.CharField(_("查询码索引"), max_length=32, unique=True, editable=False)
    # Where an index of several columns begins with the key, the key's own would be written for nothing.
    station = models.ForeignKey(
        Station,
        verbose_name=_("家站点"),
        db_index=False,
        on_delete=models.PROTECT,
        related_name="requests",
    )
    unit = models.ForeignKey(
        Unit,
        verbose_name=_("承办单位"),
        null=True,
        blank=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="requests",
    )
    category = models.ForeignKey(Category, verbose_name=_("分类"), on_delete=models.PROTECT, related_name="+")
    village = models.ForeignKey(
        Area, verbose_name=_("村、社区"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    follower = models.ForeignKey(
        Person,
        verbose_name=_("跟进代表"),
        null=True,
        blank=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="followed_requests",
    )
    master = models.ForeignKey(
        "self",
        verbose_name=_("合并到"),
        null=True,
        blank=True,
        db_index=False,
        on_delete=models.PROTECT,
        related_name="merged",
    )
    origin_town_code = models.CharField(_("最初受理的乡镇"), max_length=12, blank=True, editable=False)
    # Masked words: the phone and identity numbers found in them stand encrypted in `body_spans`.
    body = models.TextField(_("内容"))
    body_spans = EncryptedJSONField(
        _("隐去的号码"), scope="intake.request.body_spans", default=list, blank=True
    )
    title = models.CharField(_("事由"), max_length=60)
    place = models.CharField(_("具体位置"), max_length=80, blank=True)
    channel = models.CharField(_("来源"), max_length=16, choices=Channel)
    came_by = models.CharField(_("登记渠道"), max_length=24, blank=True, help_text=_("接待日、活动的编号。"))
    contact_name = EncryptedTextField(_("称呼"), scope="intake.request.contact_name", blank=True, default="")
    contact_phone = EncryptedTextField(
        _("手机号"), scope="intake.request.contact_phone", blank=True, default=""
    )
    phone_index = models.CharField(_("手机号索引"), max_length=32, blank=True, editable=False)
    # HMAC(number ‖ last four digits): the second way to find a case again.
    track_index = models.CharField(_("查询索引"), max_length=32, blank=True, editable=False)
    notify = models.CharField(_("怎么通知"), max_length=8, choices=Notify, default=Notify.NONE)
    visibility = models.CharField(
        _("谁能看到联系方式"), max_length=10, choices=Visibility, default=Visibility.STATION
    )
    consent_version = models.CharField(_("同意书版本"), max_length=20)
    is_minor = models.BooleanField(_("未成年人"), default=False)
    is_urgent = models.BooleanField(_("加急"), default=False)
    is_confidential = models.BooleanField(_("保密"), default=False)
    is_public = models.BooleanField(_("可公开办理情况"), default=False)
    complexity = models.CharField(_("复杂程度"), max_length=10, choices=Complexity, blank=True, default="")
    instruction = models.CharField(_("嘱咐"), max_length=120, blank=True)
    returns = models.PositiveSmallIntegerField(_("退回次数"), default=0, editable=False)
    registered_on = models.DateField(_("受理日期"), null=True, blank=True, editable=False)
    promised_on = models.DateField(_("答应群众的日期"), null=True, blank=True, editable=False)
    planned_on = models.DateField(_("计划完成日期"), null=True, blank=True, editable=False)
    answered_at = models.DateTimeField(_("答复时间"), null=True, blank=True, editable=False)
    told_at = models.DateTimeField(_("反馈群众的时间"), null=True, blank=True, editable=False)
    solved = models.CharField(_("解决了吗"), max_length=12, choices=Solved, blank=True, editable=False)
    satisfied = models.CharField(_("满意吗"), max_length=14, choices=Satisfied, blank=True, editable=False)
    rated_at = models.DateTimeField(_("评价时间"), null=True, blank=True, editable=False)
    # Filled by the database, so that bulk SQL and the ORM cannot disagree.
    search = models.GeneratedField(
        verbose_name=_("检索"),
        expression=Func(
            Concat(
                F("reference"),
                Value(" "),
                F("title"),
                Value(" "),
                F("body"),
                Value(" "),
                F("place"),
                output_field=models.TextField(),
            ),
            function="liaison_grams",
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    spaced = models.TextField(_("相似检索"), blank=True, editable=False)
    anonymised_at = models.DateTimeField(_("匿名化时间"), null=True, blank=True, editable=False)
    legal_hold = models.BooleanField(_("依法保留"), default=False)

    objects: ClassVar[models.Manager] = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("群众诉求")
        verbose_name_plural = _("群众诉求")
        constraints = [
            *case_constraints("request", STATES),
            models.CheckConstraint(name="request_not_its_own_master", condition=~Q(master=F("id"))),
            models.CheckConstraint(
                name="request_rated_whole",
                condition=Q(rated_at__isnull=True) | ~Q(solved="") | ~Q(satisfied=""),
            ),
        ]
        indexes = [
            models.Index(fields=["station", "state", "-id"], name="request_station_state"),
            models.Index(fields=["town_code", "state", "-id"], name="request_town_state"),
            models.Index(fields=["county_code", "state", "-id"], name="request_county_state"),
            models.Index(fields=["unit", "state", "-id"], name="request_unit_state"),
            models.Index(
                fields=["follower", "-id"], condition=Q(follower__isnull=False), name="request_follower"
            ),
            models.Index(fields=["master"], condition=Q(master__isnull=False), name="request_master"),
            models.Index(fields=["station", "-id"], name="request_station_id"),
            models.Index(fields=["town_code", "-id"], name="request_town_id"),
            models.Index(fields=["county_code", "-id"], name="request_county_id"),
            models.Index(fields=["unit", "-id"], name="request_unit_id"),
            # The most urgent first: only what is open has a place in that order.
            models.Index(fields=["station", "due_at", "id"], condition=OPEN, name="request_station_due"),
            models.Index(fields=["town_code", "due_at", "id"], condition=OPEN, name="request_town_due"),
            models.Index(fields=["county_code", "due_at", "id"], condition=OPEN, name="request_county_due"),
            models.Index(fields=["unit", "due_at", "id"], condition=OPEN, name="request_unit_due"),
            # Between two days; and the filters that leave few: without these a list of nothing read every row.
            models.Index(fields=["station", "created_at", "id"], name="request_station_at"),
            models.Index(fields=["town_code", "created_at", "id"], name="request_town_at"),
            models.Index(fields=["county_code", "created_at", "id"], name="request_county_at"),
            models.Index(fields=["channel", "-id"], name="request_channel"),
            models.Index(fields=["-id"], condition=Q(is_urgent=True), name="request_urgent"),
            models.Index(fields=["-id"], condition=Q(satisfied="dissatisfied"), name="request_dissatisfied"),
            models.Index(fields=["-id"], condition=Q(solved="no"), name="request_unsolved"),
            models.Index(fields=["phone_index"], condition=~Q(phone_index=""), name="request_phone"),
            models.Index(fields=["track_index"], condition=~Q(track_index=""), name="request_track"),
            models.Index(
                fields=["closed_at"],
                condition=Q(closed_at__isnull=False, anonymised_at__isnull=True),
                name="request_to_anonymise",
            ),
            GinIndex(fields=["search"], name="request_search"),
            GinIndex(OpClass("spaced", name="gin_trgm_ops"), name="request_spaced"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("intake:request", args=[self.public_id])

    @property
    def masked_phone(self) -> str:
        return mask_phone(self.contact_phone)

    @property
    def is_sensitive(self) -> bool:
        """Whether messages may say the number only: the matter itself would give the person away."""
        return self.is_confidential or self.is_minor or self.category.is_sensitive

    @property
    def has_contact(self) -> bool:
        return bool(self.phone_index)

    def hides_numbers(self, notes: Iterable[RequestNote]) -> bool:
        """Whether a number was cut out of the words, or of these notes that passed since."""
        return bool(self.body_spans) or any(note.spans for note in notes)

    @property
    def heard_by(self) -> tuple[object, ...]:
        return (self.station_id, self.unit_id, self.follower_id, self.town_code, self.county_code)

    def clock_moved(self, clock: Clock) -> None:
        """The promise to the resident is the answer clock's day, whatever moved it: extension, pause, a holiday notice."""
        if clock.name == "request.answer" and self.promised_on != clock.due_on:
            self.promised_on = clock.due_on
            self.save(update_fields=["promised_on"])

    def contact_number(self) -> str:
        """The number a message goes to: empty when the resident did not ask for messages."""
        return self.contact_phone if self.notify == Notify.SMS else ""

    def anonymise(self) -> None:
        """Erase the person: name, number, place in words, the words themselves. Category, area, dates and ratings stay."""
        self.body, self.title, self.place, self.instruction = "", str(_("（已匿名）")), "", ""
        self.body_spans, self.contact_name, self.contact_phone = [], "", ""
        self.phone_index = self.track_index = self.spaced = ""
        # The private link ends; the column stays unique.
        self.receipt_code, self.receipt_index = "", secrets.token_hex(16)
        self.anonymised_at = timezone.now()
        self.save(
            update_fields=[
                "body", "title", "place", "instruction", "body_spans", "contact_name", "contact_phone", "phone_index",
                "track_index", "spaced", "receipt_code", "receipt_index", "anonymised_at",
            ]
        )  # fmt: skip
        for rows in (self.progress, self.replies, self.notes, self.calls, self.ratings):
            for row in rows.all():
                row.anonymise()


class AccusedUnit(models.Model):
    """A unit the request complains about: it never sees the case nor who said it (信访工作条例第三十条)."""

    request = models.ForeignKey(
        ConstituentRequest, verbose_name=_("诉求"), on_delete=models.CASCADE, related_name="accused"
    )
    unit = models.ForeignKey(Unit, verbose_name=_("被反映的单位"), on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("被反映单位")
        verbose_name_plural = _("被反映单位")
        constraints = [models.UniqueConstraint(fields=["request", "unit"], name="accusedunit_once")]

    def __str__(self) -> str:
        return f"{self.unit}"
