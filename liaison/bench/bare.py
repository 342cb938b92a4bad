"""The bare reference of the intake: the smallest honest DRF view, one request, event and outbox row in a transaction."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import connection, models, transaction
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView


class BareStation(models.Model):
    code = models.CharField(max_length=8, unique=True)

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bench"


class BareRequest(models.Model):
    station = models.ForeignKey(BareStation, on_delete=models.PROTECT)
    category = models.CharField(max_length=40)
    body = models.TextField()
    place = models.CharField(max_length=80)
    name = models.CharField(max_length=20)
    phone = models.CharField(max_length=20)
    state = models.CharField(max_length=20, default="received")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bench"


class BareEvent(models.Model):
    request = models.ForeignKey(BareRequest, on_delete=models.PROTECT)
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bench"


class BareOutbox(models.Model):
    request = models.ForeignKey(BareRequest, on_delete=models.PROTECT)
    kind = models.CharField(max_length=40)

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bench"


class BareSerializer(serializers.ModelSerializer):
    class Meta:
        model = BareRequest
        fields = ("station", "category", "body", "place", "name", "phone")


class BareView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def post(self, request: Any) -> Response:
        asked = BareSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with transaction.atomic():
            made = asked.save()
            BareEvent.objects.create(request=made, kind="receive")
            BareOutbox.objects.create(request=made, kind="received")
        return Response({"id": made.pk}, status=201)


def lay_tables() -> BareStation:
    with connection.schema_editor() as editor:
        for model in (BareStation, BareRequest, BareEvent, BareOutbox):
            editor.create_model(model)
    return BareStation.objects.create(code="0312")
