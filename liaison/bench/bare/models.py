"""The tables that `liaison.bench.seed` makes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class BareStation(models.Model):
    code = models.CharField(max_length=8, unique=True)
    name = models.CharField(max_length=60)

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bare"
        db_table = "bare_station"
        managed = False


class BareRequest(models.Model):
    station = models.ForeignKey(BareStation, on_delete=models.PROTECT)
    code = models.CharField(max_length=20, unique=True)
    category = models.CharField(max_length=40)
    title = models.CharField(max_length=60)
    body = models.TextField()
    place = models.CharField(max_length=80)
    name = models.CharField(max_length=20)
    phone = models.CharField(max_length=20)
    state = models.CharField(max_length=20, default="received")
    created_at = models.DateTimeField(auto_now_add=True)
    level = models.SmallIntegerField(default=0)

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bare"
        db_table = "bare_request"
        managed = False


class BareEvent(models.Model):
    request = models.ForeignKey(BareRequest, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bare"
        db_table = "bare_event"
        managed = False


class BareOutbox(models.Model):
    request = models.ForeignKey(BareRequest, on_delete=models.PROTECT)
    kind = models.CharField(max_length=40)

    objects: ClassVar[models.Manager] = models.Manager()

    class Meta:
        app_label = "bare"
        db_table = "bare_outbox"
        managed = False
