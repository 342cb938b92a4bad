"""The registry of 家站点 as the public may read it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django_filters import rest_framework as filters
from rest_framework import mixins, permissions, serializers, viewsets

from stations.models import Station


class StationSerializer(serializers.ModelSerializer):
    area = serializers.CharField(source="area.code")
    area_name = serializers.CharField(source="area.full_name")
    parent = serializers.CharField(source="parent.code", allow_null=True, default=None)
    address = serializers.CharField(source="venue.address", default="")
    step_free = serializers.CharField(source="venue.step_free", default="")
    taken_over_by = serializers.CharField(source="taken_over_by.code", allow_null=True, default=None)
    url = serializers.SerializerMethodField()

    class Meta:
        model = Station
        fields = (
            "code", "name", "kind", "area", "area_name", "parent", "address", "step_free", "phone", "opening",
            "introduction", "functions", "target_group", "opened_on", "closed_on", "taken_over_by", "url",
        )  # fmt: skip

    def get_url(self, station: Station) -> str:
        return f"{settings.SITE_URL}{station.short_path}"


class StationFilter(filters.FilterSet):
    area = filters.CharFilter(method="in_area", label="所在乡镇或县的区划代码（12 位）")
    kind = filters.ChoiceFilter(choices=Station.Kind.choices, label="类别")
    parent = filters.CharFilter(field_name="parent__code", label="上级家站点的编号")
    name = filters.CharFilter(lookup_expr="contains", label="名称里的字")

    class Meta:
        model = Station
        fields = ("area", "kind", "parent", "name")

    def in_area(self, stations: Any, _name: str, code: str) -> Any:
        return (
            stations.filter(county_code=code) if code.endswith("000000") else stations.filter(town_code=code)
        )


class StationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """公开的家站点，已撤销的也在，写明由哪个站接替。"""

    permission_classes = (permissions.AllowAny,)
    serializer_class = StationSerializer
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = StationFilter
    lookup_field = "code"
    lookup_value_regex = "[0-9A-Z]{3,8}"
    queryset = Station.objects.none()

    def get_queryset(self) -> Any:
        return Station.objects.public().select_related("area", "parent", "venue", "taken_over_by")
