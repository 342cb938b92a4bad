"""Divisions and categories for other systems and for our own pages' scripts."""

from __future__ import annotations

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, permissions, serializers, viewsets

from accounts.models import Area, Category


class AreaSerializer(serializers.ModelSerializer):
    parent = serializers.CharField(source="parent.code", allow_null=True, default=None)

    class Meta:
        model = Area
        fields = ("code", "name", "full_name", "level", "parent")


class AreaFilter(filters.FilterSet):
    parent = filters.CharFilter(field_name="parent__code", label="上级区划代码（12 位）")
    level = filters.ChoiceFilter(choices=Area.Level.choices, label="级别")

    class Meta:
        model = Area
        fields = ("parent", "level")


class AreaViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """现行行政区划。用 `parent` 逐级往下取。"""

    permission_classes = (permissions.AllowAny,)
    serializer_class = AreaSerializer
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = AreaFilter
    queryset = Area.objects.none()

    def get_queryset(self) -> Any:
        return Area.objects.in_force().select_related("parent")


class CategorySerializer(serializers.ModelSerializer):
    parent = serializers.CharField(source="parent.code", allow_null=True, default=None)

    class Meta:
        model = Category
        fields = ("code", "name", "parent")


@extend_schema(parameters=[OpenApiParameter("parent", OpenApiTypes.STR, description="上级分类的代号")])
class CategoryViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """群众诉求的分类。"""

    permission_classes = (permissions.AllowAny,)
    serializer_class = CategorySerializer
    queryset = Category.objects.none()

    def get_queryset(self) -> Any:
        active = Category.objects.filter(is_active=True).select_related("parent")
        parent = self.request.query_params.get("parent")
        return active.filter(parent__code=parent) if parent else active
