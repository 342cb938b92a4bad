"""Representatives as the public may know them: no phone, no score."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Prefetch, Q
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import mixins, permissions, serializers, viewsets

from representatives.models import CongressLevel, Mandate, Person


class MandateSerializer(serializers.ModelSerializer):
    level = serializers.ChoiceField(source="term.body.level", choices=CongressLevel.choices)
    body = serializers.CharField(source="term.body.name")
    term = serializers.IntegerField(source="term.number")
    constituency = serializers.CharField(source="constituency.name", default="")

    class Meta:
        model = Mandate
        fields = ("level", "body", "term", "constituency", "electing_unit")


class RepresentativeSerializer(serializers.ModelSerializer):
    id = serializers.CharField(source="public_id")
    mandates = MandateSerializer(many=True, source="live_mandates")
    topics: serializers.ManyRelatedField = serializers.SlugRelatedField(
        slug_field="code", many=True, read_only=True
    )

    class Meta:
        model = Person
        fields = ("id", "name", "occupation", "introduction", "topics", "mandates")


def live(on: date) -> Q:
    return Q(begins_on__lte=on) & (Q(ends_on__isnull=True) | Q(ends_on__gt=on))


class RepresentativeFilter(filters.FilterSet):
    level = filters.ChoiceFilter(method="of_level", choices=CongressLevel.choices, label="级别")
    name = filters.CharFilter(lookup_expr="contains", label="姓名里的字")

    class Meta:
        model = Person
        fields = ("level", "name")

    def of_level(self, people: Any, _name: str, level: str) -> Any:
        mandates = Mandate.objects.filter(live(timezone.localdate()), term__body__level=level)
        return people.filter(pk__in=mandates.values("person_id"))


class RepresentativeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """现任人大代表的公开信息。"""

    permission_classes = (permissions.AllowAny,)
    serializer_class = RepresentativeSerializer
    filter_backends = (filters.DjangoFilterBackend,)
    filterset_class = RepresentativeFilter
    lookup_field = "public_id"
    lookup_value_regex = "[a-z0-9]{10,12}"
    queryset = Person.objects.none()

    def get_queryset(self) -> Any:
        today = timezone.localdate()
        mandates = Mandate.objects.filter(live(today)).select_related("term__body", "constituency")
        return Person.objects.filter(is_public=True, pk__in=mandates.values("person_id")).prefetch_related(
            Prefetch("mandates", queryset=mandates, to_attr="live_mandates"), "topics"
        )
