"""G1, G3: a request taken with all its duties against the bare view, in CPU; and how many statements it takes."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from rest_framework.test import APIRequestFactory

from accounts.models import Area, Category
from core.throttle import Limit
from intake import api
from liaison.bench.bare import BareView, lay_tables
from liaison.bench.measure import Ratio, compare
from stations.models import Station

BODY = "牛场组进村路口的路灯有半个多月不亮了，晚上老人孩子走路看不见，上周有人摔了一跤。希望尽快修好。"
NO_LIMIT = 10**9


def run(requests: int) -> list[Ratio]:
    """The ratio of one intake to one bare post."""
    station, category = Station.objects.public().in_use().first(), Category.objects.first()
    if station is None or category is None:
        raise LookupError("seed a station and a category first")
    village = Area.objects.filter(level="village", code__startswith=station.county_code[:6]).first()
    bare = lay_tables()
    # The limits cost what they cost, they only must not end the run.
    api.BY_STATION = Limit("bench.station", NO_LIMIT, 60)
    api.ReceiveView.throttle_limit = Limit("bench.address", NO_LIMIT, 60)
    post = APIRequestFactory().post
    product_view, bare_view = api.ReceiveView.as_view(), BareView.as_view()
    numbers = count()
    given = {
        "station": station.code, "category": category.code, "body": BODY, "place": "小卖部对面",
        "village": village.code if village is not None else "", "consent": True, "notify": "sms",
        "contact": {"name": "王阿姨", "phone": "13800002746"},
    }  # fmt: skip
    plain = {
        "station": bare.pk, "category": category.code, "body": BODY, "place": "小卖部对面", "name": "王阿姨",
        "phone": "13800002746",
    }  # fmt: skip

    def product() -> Any:
        key = {"HTTP_IDEMPOTENCY_KEY": f"bench-{next(numbers):012d}"}
        response = product_view(post("/", json.dumps(given), content_type="application/json", **key))
        assert response.status_code == 201, response.data

    def reference() -> Any:
        response = bare_view(post("/", json.dumps(plain), content_type="application/json"))
        assert response.status_code == 201, response.data

    return [
        compare("intake", "一件诉求 ÷ 最小的 DRF 写入（CPU）", product, reference, count=requests, limit=2.0)
    ]
