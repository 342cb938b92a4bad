"""The smallest honest post, tracking page and list: one request, event and outbox row; two queries; one keyset query."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from liaison.bench.bare.models import BareEvent, BareOutbox, BareRequest

PAGE = 25


class BareSerializer(serializers.ModelSerializer):
    class Meta:
        model = BareRequest
        fields = ("station", "category", "title", "body", "place", "name", "phone")


class ReceiveView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    def post(self, request: Any) -> Response:
        asked = BareSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with transaction.atomic():
            made = asked.save(code=secrets.token_hex(8))
            BareEvent.objects.create(request=made, kind="receive")
            BareOutbox.objects.create(request=made, kind="received")
        return Response({"code": made.code}, status=201)


def case(request: HttpRequest, code: str) -> HttpResponse:
    found = get_object_or_404(BareRequest.objects.select_related("station"), code=code)
    return render(request, "bare/case.html", {"case": found, "events": found.events.order_by("-at")})


def listed(request: HttpRequest, station: int) -> HttpResponse:
    rows = BareRequest.objects.filter(station=station).select_related("station").order_by("-id")
    if request.GET.get("before"):
        rows = rows.filter(id__lt=int(request.GET["before"]))
    return render(request, "bare/list.html", {"rows": rows[:PAGE]})
