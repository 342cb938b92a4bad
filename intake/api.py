"""Requests over the API: the public may say something and follow it; staff work by the same steps as on the site."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, permissions, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import grants_with
from accounts.models import Area, Category
from accounts.permissions import Permission as P
from core import deadlines, idempotency
from core.case_api import CaseViewSet
from core.models import Event
from core.privacy import mask_name, normalise_phone
from core.publicdoor import client_address
from core.search import search
from core.throttle import Limit, hit
from intake import actions, rules
from intake.models import Channel, ConstituentRequest, Notify, Visibility
from intake.selectors import places
from intake.workflow import CLOCKS
from stations.models import Station

# A program speaks for many people: a bucket for its address and one for each station it writes to.
BY_ADDRESS = Limit("api.requests", 60, 60)
BY_STATION = Limit("api.requests.station", 60, 60)
TRACKING = Limit("api.track", 60, 60)
_KEY = re.compile(r"^[A-Za-z0-9_-]{8,80}$")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


# --- saying something


class StrictSerializer(serializers.Serializer):
    """Refuses names it does not know: a misspelt field must not be dropped in silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError({name: [_("没有这一项。")] for name in unknown})
        return super().to_internal_value(data)


class WordsField(serializers.CharField):
    """Text that was sent as text, without control characters."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        words = super().to_internal_value(data)
        if _UNFIT.search(words):
            raise serializers.ValidationError(_("里面有不能显示的字符，请删去后重试。"))
        return words


class ContactSerializer(StrictSerializer):
    name = WordsField(max_length=20, help_text="怎么称呼，例如“王阿姨”")
    phone = WordsField(
        max_length=20, required=False, allow_blank=True, default="", help_text="11 位手机号，可不填"
    )

    def validate_phone(self, value: str) -> str:
        if value and not normalise_phone(value):
            digits = len(re.sub(r"\D", "", value))
            raise serializers.ValidationError(_("手机号要 11 位数字，现在是 %(n)d 位。") % {"n": digits})
        return value


class RequestSerializer(StrictSerializer):
    """What somebody says."""

    station = WordsField(max_length=8, help_text="家站点编号")
    category = WordsField(max_length=40, help_text="分类代号")
    body = WordsField(min_length=4, max_length=500, help_text="什么时候、什么情况、希望怎么办")
    village = WordsField(
        max_length=12, required=False, allow_blank=True, default="", help_text="村、社区的 12 位区划代码"
    )
    place = WordsField(max_length=80, required=False, allow_blank=True, default="")
    contact = ContactSerializer()
    notify = serializers.ChoiceField(choices=Notify.choices, default=Notify.NONE)
    visibility = serializers.ChoiceField(choices=Visibility.choices, default=Visibility.STATION)
    consent = serializers.BooleanField(help_text="已把个人信息处理说明给本人看过，本人同意：必须为 true")

    def validate_station(self, code: str) -> Station:
        station = places.station_of_code(code)
        if station is None:
            raise serializers.ValidationError(_("没有这个家站点。"))
        if station.closed_on is not None:
            raise serializers.ValidationError(_("这个家站点已经撤销，请换一个。"))
        return station

    def validate_category(self, code: str) -> Category:
        category = places.category_of_code(code)
        if category is None:
            raise serializers.ValidationError(_("没有这个分类。说不清就用 other。"))
        return category

    def validate_village(self, code: str) -> Area | None:
        if not code:
            return None
        village = places.village_of_code(code)
        if village is None:
            raise serializers.ValidationError(_("没有这个村或社区，请用 12 位区划代码。"))
        return village

    def validate_notify(self, value: str) -> str:
        if value == Notify.WECHAT:
            raise serializers.ValidationError(_("微信通知还没有开通，请用 sms、phone 或 none。"))
        return value

    def validate_consent(self, value: bool) -> bool:
        if value is not True:
            raise serializers.ValidationError(_("要本人同意才能登记。"))
        return value

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        village = data["village"]
        if village is not None and village.county_code != data["station"].county_code:
            raise serializers.ValidationError({"village": [_("这个村不在家站点所在的县。")]})
        if data["notify"] in (Notify.SMS, Notify.PHONE) and not data["contact"]["phone"]:
            raise serializers.ValidationError({"contact": {"phone": [_("选了短信或电话通知，请填手机号。")]}})
        return data


class NextSerializer(serializers.Serializer):
    step = serializers.CharField()
    due_on = serializers.DateField()


class ReceiptSerializer(serializers.Serializer):
    """The receipt: keep `receipt_code` as you would a key."""

    number = serializers.CharField()
    receipt_code = serializers.CharField()
    track_url = serializers.CharField()
    next = NextSerializer()


class ReceiveView(APIView):
    """说一件事。"""

    permission_classes = (permissions.AllowAny,)
    throttle_limit = BY_ADDRESS

    @extend_schema(
        operation_id="requests_create",
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                required=True,
                description="每件事一个，8 到 80 位字母、数字、连字符；重发时用同一个，只会登记一件。",
            )
        ],
        request=RequestSerializer,
        responses={
            201: ReceiptSerializer,
            422: OpenApiResponse(OpenApiTypes.OBJECT, description="有内容要改"),
        },
    )
    def post(self, request: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not _KEY.match(key):
            words = _("请在请求头里给 Idempotency-Key：8 到 80 位字母、数字、连字符。")
            raise exceptions.ValidationError({"Idempotency-Key": [words]})
        asked = RequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        verdict = hit(BY_STATION, f"station:{given['station'].code}")
        if not verdict.allowed:
            raise exceptions.Throttled(verdict.retry_after)
        try:
            answer = idempotency.once("api", key, request.data, lambda: _receive(given))
        except idempotency.KeyReused as problem:
            words = _("这个 Idempotency-Key 已经用在另一件事上，请换一个。")
            raise exceptions.ValidationError({"Idempotency-Key": [words]}) from problem
        return Response(answer.body, status=answer.status)


def _receive(given: dict[str, Any]) -> tuple[dict[str, Any], ConstituentRequest]:
    made = actions.receive(
        station=given["station"],
        channel=Channel.API,
        contact=actions.Contact(**given["contact"], notify=given["notify"], visibility=given["visibility"]),
        body=given["body"],
        category=given["category"],
        village=given["village"],
        place=given["place"],
    )
    clock = min(made.opened_with, key=lambda each: each.due_at)
    receipt = {
        "number": made.reference,
        "receipt_code": made.receipt_code,
        "track_url": settings.SITE_URL + reverse("intake:case", args=[made.receipt_code]),
        "next": {"step": str(CLOCKS[clock.name]), "due_on": clock.due_on.isoformat()},
    }
    return receipt, made


# --- following it


class TrackSerializer(StrictSerializer):
    number = WordsField(max_length=30, help_text="编号，例如 26-1124-48213")
    secret = WordsField(max_length=40, help_text="手机号后四位，或查询码")


class ProgressSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    title = serializers.CharField()
    text = serializers.CharField()
    station = serializers.IntegerField(help_text="登记 1、处理 2、结果 3、反馈 4")


class StandingSerializer(serializers.Serializer):
    """Where a request stands, in the words the resident reads."""

    number = serializers.CharField()
    station = serializers.IntegerField(help_text="登记 1、处理 2、结果 3、反馈 4")
    standing = serializers.CharField()
    is_closed = serializers.BooleanField()
    promised_on = serializers.DateField(allow_null=True)
    can_rate = serializers.BooleanField()
    track_url = serializers.CharField()
    progress = ProgressSerializer(many=True)


class TrackView(APIView):
    """查办到哪一步了。编号不对和后四位不对，答复一样。"""

    permission_classes = (permissions.AllowAny,)
    throttle_limit = TRACKING

    @extend_schema(
        operation_id="track_create",
        request=TrackSerializer,
        responses={200: StandingSerializer, 404: OpenApiTypes.OBJECT, 429: OpenApiTypes.OBJECT},
    )
    def post(self, request: Any) -> Response:
        asked = TrackSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = actions.look_up(**asked.validated_data, source=client_address(request))
        if found.wait_seconds:
            raise exceptions.Throttled(found.wait_seconds)
        if found.request is None:
            raise exceptions.NotFound(_("没有查到这一件。请对照回执，再看一遍编号和手机后四位。"))
        return Response(_standing(found.request))


def _standing(request: ConstituentRequest) -> dict[str, Any]:
    state = request.workflow.states[request.state]
    lines = request.progress.order_by("at", "pk")
    return {
        "number": request.reference,
        "station": state.station,
        "standing": str(state.public_label),
        "is_closed": state.closes,
        "promised_on": request.promised_on,
        "can_rate": request.state == "told",
        "track_url": settings.SITE_URL + reverse("intake:case", args=[request.receipt_code]),
        "progress": [{"at": e.at, "title": e.title, "text": e.text, "station": e.station} for e in lines],
    }


# --- staff


class DueSerializer(serializers.Serializer):
    clock = serializers.CharField(source="name")
    label = serializers.CharField()
    due_on = serializers.DateField()
    days_left = serializers.IntegerField(help_text="还剩几个工作日，超期为负")
    is_overdue = serializers.BooleanField()
    is_paused = serializers.BooleanField()


class CaseRowSerializer(serializers.ModelSerializer):
    """A row of the list, without a word that could name the resident."""

    number = serializers.CharField(source="reference")
    state_label = serializers.CharField()
    version = serializers.IntegerField(source="event_seq")
    station = serializers.CharField(source="station.code")
    unit = serializers.CharField(source="unit.name", default="")
    category = serializers.CharField(source="category.code")
    due = serializers.SerializerMethodField()

    class Meta:
        model = ConstituentRequest
        fields = (
            "public_id", "number", "title", "state", "state_label", "version", "round", "station", "unit", "category",
            "channel", "is_urgent", "is_confidential", "promised_on", "created_at", "closed_at", "due",
        )  # fmt: skip

    def get_due(self, request: ConstituentRequest) -> DueSerializer(allow_null=True):  # type: ignore[valid-type]
        face = self.context["faces"].get(request.pk)
        return DueSerializer(face).data if face is not None else None


class EventSerializer(serializers.ModelSerializer):
    by = serializers.CharField(source="actor.display_name", default="")

    class Meta:
        model = Event
        fields = ("seq", "kind", "from_state", "to_state", "round", "by", "actor_kind", "at")


class CaseSerializer(CaseRowSerializer):
    """One case whole. Contact is masked, and absent where this person may not ask for it."""

    clocks = serializers.SerializerMethodField()
    contact = serializers.SerializerMethodField()
    village = serializers.CharField(source="village.full_name", default="")
    follower = serializers.CharField(source="follower.name", default="")
    progress = ProgressSerializer(many=True)
    events = serializers.SerializerMethodField()

    class Meta(CaseRowSerializer.Meta):
        fields = (
            *CaseRowSerializer.Meta.fields, "body", "place", "village", "follower", "contact", "instruction",
            "planned_on", "solved", "satisfied", "clocks", "progress", "events",
        )  # fmt: skip

    def get_clocks(self, request: ConstituentRequest) -> DueSerializer(many=True):  # type: ignore[valid-type]
        return DueSerializer(self.context["clocks"], many=True).data

    def get_contact(self, request: ConstituentRequest) -> dict[str, str] | None:
        if not rules.may_reveal(self.context["request"].user, request):
            return None
        return {"name": mask_name(request.contact_name), "phone": request.masked_phone}

    def get_events(self, request: ConstituentRequest) -> EventSerializer(many=True):  # type: ignore[valid-type]
        return EventSerializer(Event.objects.about(request).select_related("actor"), many=True).data


class CaseFilter(filters.FilterSet):
    state = filters.CharFilter(label="状态")
    station = filters.CharFilter(field_name="station__code", label="家站点编号")
    unit = filters.CharFilter(field_name="unit__code", label="承办单位代号")
    category = filters.CharFilter(field_name="category__code", label="分类代号")
    urgent = filters.BooleanFilter(field_name="is_urgent", label="加急")
    open = filters.BooleanFilter(field_name="closed_at", lookup_expr="isnull", label="在办")
    q = filters.CharFilter(method="words", label="内容里的字")

    class Meta:
        model = ConstituentRequest
        fields = ("state", "station", "unit", "category", "urgent", "open", "q")

    def words(self, requests: Any, _name: str, query: str) -> Any:
        return search(requests, query, vector="search", texts=["reference", "title", "body", "place"])


class RequestCaseViewSet(CaseViewSet):
    """群众诉求办件：只有您该看的那些。"""

    model = ConstituentRequest
    queryset = ConstituentRequest.objects.none()
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = CaseFilter

    def check_permissions(self, request: Any) -> None:
        """An empty list would tell a program whose right has ended that there is nothing to do."""
        super().check_permissions(request)
        if self.action == "list" and not grants_with(request.user, P.REQUEST_VIEW):
            self.permission_denied(request)

    def get_serializer_class(self) -> Any:
        return CaseRowSerializer if self.action == "list" else CaseSerializer

    def get_queryset(self) -> Any:
        seen = super().get_queryset()
        return (
            seen.for_list()
            if self.action == "list"
            else seen.select_related("station", "unit", "category", "follower", "village")
        )

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        context = {**self.get_serializer_context()}
        if args and kwargs.get("many"):
            context["faces"] = deadlines.faces_of(args[0])
        elif args:
            context["clocks"] = deadlines.faces(args[0])
            context["faces"] = {args[0].pk: next((c for c in context["clocks"] if not c.is_paused), None)}
        kwargs["context"] = context
        return self.get_serializer_class()(*args, **kwargs)
