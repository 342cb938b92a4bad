import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.db import connection
from django.test import RequestFactory
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from core import throttle
from core.models import RateBucket
from core.throttle import HouseThrottle, Limit, hit, peek, reset

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
CACHED = Limit("test.cached", rate=3, per_seconds=60)
DURABLE = Limit("test.durable", rate=5, per_seconds=900, durable=True)
# Nothing listens there: a cache that is down.
CACHE_DOWN = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:1/0",
        "OPTIONS": {"socket_connect_timeout": 0.2},
    }
}


class SlowCache(LocMemCache):
    def add(self, *args, **kwargs):
        time.sleep(throttle.SLOW_SECONDS + 0.05)
        return super().add(*args, **kwargs)


@pytest.fixture(autouse=True)
def fresh_counters(monkeypatch):
    monkeypatch.setattr(throttle, "_open_until", 0.0)
    cache.clear()


def clock():
    return time_machine.travel(START, tick=False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "limit", [CACHED, Limit("test.kept", 3, 60, durable=True)], ids=["cache", "database"]
)
class TestBothCounters:
    def test_tries_beyond_the_rate_are_refused_until_the_window_that_began_with_the_first_ends(self, limit):
        with clock() as now:
            assert [hit(limit, "a").allowed for _ in range(4)] == [True, True, True, False]
            assert hit(limit, "a").retry_after == 60

            now.shift(59)
            assert not hit(limit, "a").allowed
            assert hit(limit, "a").retry_after == 1

            now.shift(2)
            cache.clear()  # the local cache keeps its own time
            assert hit(limit, "a").allowed

    def test_sources_and_limits_do_not_share_tries(self, limit):
        other = Limit(limit.scope + "2", limit.rate, limit.per_seconds, limit.durable)
        for _ in range(4):
            hit(limit, "a")

        assert hit(limit, "b").allowed
        assert hit(other, "a").allowed

    def test_looking_does_not_count(self, limit):
        assert [peek(limit, "a").allowed for _ in range(9)] == [True] * 9
        for _ in range(3):
            hit(limit, "a")

        assert not peek(limit, "a").allowed
        assert peek(limit, "a").count == 3

    def test_a_source_can_be_forgiven(self, limit):
        for _ in range(9):
            hit(limit, "a")

        reset(limit, "a")

        assert peek(limit, "a").count == 0
        assert hit(limit, "a").allowed

    def test_the_source_is_kept_only_as_a_digest(self, limit):
        hit(limit, "13812342746")
        RateBucket.objects.filter(key_digest__contains="1381234").exists()

        keys = [*RateBucket.objects.values_list("key_digest", flat=True), *cache._cache]
        assert keys
        assert not any("13812342746" in key for key in keys)


@pytest.mark.django_db
class TestDurableLimit:
    def test_five_tries_then_fifteen_minutes_from_the_fifth(self):
        with clock() as now:
            for _ in range(4):
                hit(DURABLE, "a")
            now.shift(timedelta(minutes=14))
            assert hit(DURABLE, "a").allowed

            now.shift(timedelta(minutes=14))
            assert not peek(DURABLE, "a").allowed
            assert not hit(DURABLE, "a").allowed
            assert hit(DURABLE, "a").retry_after == 60

            now.shift(timedelta(minutes=1))
            assert peek(DURABLE, "a").allowed
            assert hit(DURABLE, "a").count == 1

    def test_knocking_while_shut_out_does_not_prolong_it(self):
        with clock() as now:
            for _ in range(5):
                hit(DURABLE, "a")
            for _minute in range(15):
                assert not hit(DURABLE, "a").allowed
                now.shift(60)

            assert hit(DURABLE, "a").allowed

    def test_emptying_the_cache_gives_no_new_tries(self):
        for _ in range(5):
            hit(DURABLE, "a")

        cache.clear()

        assert not hit(DURABLE, "a").allowed

    def test_one_source_keeps_one_row(self):
        with clock() as now:
            for _ in range(5):
                hit(DURABLE, "a")
                now.shift(timedelta(hours=1))

        assert RateBucket.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_tries_at_once_exactly_the_rate_gets_through():
    def one_try(_n):
        try:
            return hit(DURABLE, "a").allowed
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(one_try, range(40)))

    assert sum(allowed) == DURABLE.rate
    assert RateBucket.objects.get().count == 40


@pytest.mark.django_db
class TestBreaker:
    def test_with_the_cache_down_the_limit_holds_in_the_database(self, settings):
        settings.CACHES = CACHE_DOWN

        assert [hit(CACHED, "a").allowed for _ in range(4)] == [True, True, True, False]
        assert not peek(CACHED, "a").allowed
        assert RateBucket.objects.get().count == 4

    def test_a_cache_that_failed_is_left_alone_for_half_a_minute(self, settings):
        settings.CACHES = CACHE_DOWN
        hit(CACHED, "a")

        settings.CACHES = {
            "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "up"}
        }
        hit(CACHED, "a")
        assert RateBucket.objects.get().count == 2

        throttle._open_until -= throttle.BREAKER_SECONDS
        hit(CACHED, "a")
        assert RateBucket.objects.get().count == 2

    def test_a_slow_cache_is_asked_once_and_then_left_alone(self, settings):
        settings.CACHES = {"default": {"BACKEND": f"{__name__}.SlowCache", "LOCATION": "slow"}}
        hit(CACHED, "a")

        started = time.monotonic()
        for _ in range(5):
            hit(CACHED, "a")

        assert time.monotonic() - started < throttle.SLOW_SECONDS
        assert RateBucket.objects.get().count == 5

    def test_forgiving_works_without_the_cache(self, settings):
        settings.CACHES = CACHE_DOWN
        for _ in range(4):
            hit(CACHED, "a")

        reset(CACHED, "a")

        assert hit(CACHED, "a").allowed


@pytest.mark.django_db
def test_the_real_shared_cache_counts_alone_and_forgets_by_itself(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": settings.REDIS_URL,
            "KEY_PREFIX": "test-throttle",
        }
    }
    limit = Limit("test.brief", rate=3, per_seconds=1)
    reset(limit, "a")

    assert [hit(limit, "a").allowed for _ in range(4)] == [True, True, True, False]
    time.sleep(1.1)
    assert hit(limit, "a").count == 1
    assert not RateBucket.objects.exists()


class Guarded(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (HouseThrottle,)
    throttle_limit = Limit("test.view", rate=2, per_seconds=60)

    def get(self, request):
        return Response({})


class Unguarded(Guarded):
    throttle_limit = None


urlpatterns = [path("guarded", Guarded.as_view())]


@pytest.mark.django_db
class TestApiDoor:
    def ask(self, view, address="10.0.0.1"):
        return view.as_view()(RequestFactory().get("/guarded", REMOTE_ADDR=address))

    def test_a_view_names_its_own_limit_and_says_when_to_come_back(self):
        with clock():
            answers = [self.ask(Guarded) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2]["Retry-After"] == "60"
        assert self.ask(Guarded, "10.0.0.2").status_code == 200

    def test_without_one_the_public_limit_applies(self):
        self.ask(Unguarded)

        assert peek(throttle.PUBLIC_API, "10.0.0.1").count == 1
