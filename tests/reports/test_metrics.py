"""Figures for the alarm: who may read them, and that they are those of the status page."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Heartbeat, Message

pytestmark = pytest.mark.django_db
LINE = re.compile(r'(\w+)(?:\{(\w+)="([\w.-]+)"\})? (-?[\d.]+(?:e-?\d+)?)')


@pytest.fixture
def told(client, settings):
    settings.METRICS_TOKEN = "a-token-of-this-test"

    def read():
        answer = client.get("/metrics", headers={"authorization": "Bearer a-token-of-this-test"})
        assert answer.status_code == 200
        lines = answer.content.decode().splitlines()
        values = [LINE.fullmatch(line) for line in lines if not line.startswith("#")]
        assert all(values), "every line is one Prometheus reads"
        return {(match[1], match[3]): float(match[4]) for match in values}

    return read


def test_without_a_network_or_token_there_is_no_such_page(client):
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    ("networks", "token", "given", "address", "status"),
    [
        (["10.1.0.0/16"], "", "", "10.1.2.3", 200),
        (["10.1.0.0/16"], "", "", "10.2.2.3", 404),
        (["10.1.0.0/16"], "", "", "not an address", 404),
        ([], "secret", "Bearer secret", "10.2.2.3", 200),
        ([], "secret", "Bearer secre", "10.2.2.3", 404),
        ([], "secret", "密", "10.2.2.3", 404),
        ([], "secret", "", "10.2.2.3", 404),
        (["10.1.0.0/16"], "secret", "Bearer secret", "10.1.2.3", 200),
        (["10.1.0.0/16"], "secret", "", "10.1.2.3", 404),
        (["10.1.0.0/16"], "secret", "Bearer secret", "10.2.2.3", 404),
    ],
)
def test_only_the_named_networks_and_the_token_read_them(
    client, settings, networks, token, given, address, status
):
    settings.METRICS_ALLOWED_NETWORKS, settings.METRICS_TOKEN = networks, token

    answer = client.get("/metrics", REMOTE_ADDR=address, HTTP_AUTHORIZATION=given)

    assert answer.status_code == status


def test_the_figures_are_those_of_the_status_page(county, told):
    county.receive()
    county.registered()
    Message.objects.filter(channel="sms").update(created_at=timezone.now() - timedelta(hours=1))
    Heartbeat.objects.create(name="beat", at=timezone.now())
    Heartbeat.objects.create(name="backup", at=timezone.now() - timedelta(days=3))

    seen = told()

    assert seen["liaison_outbox_waiting", None] == Message.objects.filter(sent_at__isnull=True).count()
    assert 3600 <= seen["liaison_outbox_oldest_age_seconds", None] < 3700
    assert seen["liaison_job_late", "beat"] == 0
    assert seen["liaison_job_late", "backup"] == seen["liaison_job_late", "sweep_deadlines"] == 1
    assert seen["liaison_job_age_seconds", "backup"] >= 3 * 86_400
    assert ("liaison_job_age_seconds", "sweep_deadlines") not in seen
    assert seen["liaison_requests_open", "received"] == seen["liaison_requests_open", "registered"] == 1
    assert 0 < seen["liaison_disk_free_ratio", None] <= 1
    assert seen["liaison_well", None] == 0


def test_a_message_given_up_rings(county, told):
    county.receive()
    assert told()["liaison_outbox_dead", None] == 0

    Message.objects.filter(channel="sms").update(dead_at=timezone.now())

    assert told()["liaison_outbox_dead", None] == 1


def test_they_cost_three_statements_however_much_there_is(county, told, count_queries):
    for _time in range(3):
        county.receive()

    with count_queries() as statements:
        told()

    assert len(statements) <= 4


def test_no_word_of_a_person_is_among_them(county, client, settings):
    settings.METRICS_TOKEN = "t"
    request = county.receive()

    text = client.get("/metrics", headers={"authorization": "Bearer t"}).content.decode()

    for word in ("13800002746", "王阿姨", request.reference, county.station.name):
        assert word not in text
