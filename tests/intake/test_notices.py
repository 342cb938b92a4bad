"""Every message the house can send, rendered for a real case: short, in plain words, and without anybody's words."""

from datetime import date

import pytest

from accounts.models import Category
from core import outbox
from core.models import Message
from core.sweep import LadderClimbed, LadderClimbedUrgently
from intake import notices
from intake.models import ConstituentRequest
from stations.models import StationStaff
from tests.county import LONG_AGO, make_user

CONTEXT = {
    "promised_on": "2026-06-08",
    "due_on": "2026-06-08",
    "planned_on": "2026-06-30",
    "unit": "县城市管理局",
    "follower": "杨春梅",
    "door": "县信访局",
    "days": 5,
    "cause": "overdue",
    "clock": "request.unit",
    "level": "urge",
    "offset": 1,
    "requires_answer": True,
}
SECRETS = ("13800002746", "2746", "王阿姨", "路灯半个多月", "小卖部", "换了灯头")


def kinds_of(module_or_class):
    found = outbox._notices()
    return [found[key] for key in sorted(found)]


# Said of no case: their words are tested where they are sent.
OF_NO_CASE = ("intake.looked_often", "core.export_ready", "core.export_failed")
ALL_KINDS = [
    kind for kind in kinds_of(notices) if not kind.key.startswith("test.") and kind.key not in OF_NO_CASE
]


def written(kind, request, **context):
    return outbox.render(
        Message(
            kind=kind.key,
            channel=kind.channels[-1],
            case_label=request.label,
            case_id=request.pk,
            context=CONTEXT | context,
        )
    )


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.key)
def test_every_notice_says_number_category_date_and_link_and_no_word_of_the_resident(kind, county, settings):
    settings.SITE_URL = "https://rd.example.gov.cn"
    request = county.told()

    subject, text = written(kind, request)

    assert request.reference in subject
    assert request.reference in text
    assert text.startswith(f"【{settings.SITE_BRAND}】")
    assert not [word for word in SECRETS if word in subject + text]
    assert request.title not in text
    for wrong in ("None", "{{", "{%", "&", "敬请", "予以", "进行", "相关部门", "高度重视", "，。", "。。"):
        assert wrong not in subject + text


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.key)
def test_a_message_is_of_sms_length(kind, county, settings):
    settings.SITE_URL, settings.SITE_BRAND = "https://rd.gov.cn", "代表家站"

    _subject, text = written(kind, county.told())

    assert len(text) <= 70, f"{len(text)}: {text}"


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.key)
@pytest.mark.parametrize("why", ["category", "confidential", "minor"])
def test_of_a_sensitive_matter_only_the_number_is_sent(kind, why, county):
    category = Category.objects.create(code="family", name="家庭困难", is_sensitive=why == "category")
    given = {"is_confidential": why == "confidential", "is_minor": why == "minor"}
    request = county.receive(category=category, **given)

    subject, text = written(kind, request)

    assert request.reference in text
    for told in ("家庭困难", "县城市管理局", "杨春梅", "县信访局"):
        assert told not in subject + text


def test_a_name_with_an_ampersand_is_not_escaped_as_if_a_message_were_a_page(county):
    request = county.receive()

    _subject, text = written(notices.RequestAssignedToResident, request, unit="水务 & 电力")

    assert "水务 & 电力" in text


def test_dates_in_a_message_are_written_out(county):
    _subject, text = written(notices.RequestRegistered, county.registered())

    assert "6月8日前有结果" in text


def test_the_ladder_says_which_deadline_and_how_it_stands(county):
    request = county.registered()

    said = {
        offset: written(LadderClimbed, request, offset=offset, requires_answer=False) for offset in (-2, 0, 3)
    }

    assert [subject.split()[0] for subject, _text in said.values()] == ["快到期", "今天到期", "已超期"]
    assert all("单位答复期限 6月8日" in text for _subject, text in said.values())
    assert LadderClimbedUrgently.urgent


def test_every_notice_of_the_house_has_a_template_of_its_own_and_no_template_is_left_over():
    from pathlib import Path

    root = Path(__file__).resolve().parents[2] / "templates"
    used = {kind.template for kind in kinds_of(notices)} | {outbox.DIGEST_TEMPLATE}
    there = {
        str(path.relative_to(root))
        for app in ("intake", "core")
        for path in (root / app / "notices").glob("*.txt")
        if not path.name.startswith("_")
    }

    assert {name for name in there if name.startswith(("intake/", "core/"))} <= used
    assert all((root / name).exists() for name in used)


def test_only_who_works_at_the_station_today_hears_of_a_request(county):
    left = make_user("离任", username="left")
    StationStaff.objects.create(
        station=county.station, user=left, begins_on=LONG_AGO, ends_on=date(2025, 1, 1)
    )
    leaving = make_user("将离任", username="leaving")
    StationStaff.objects.create(
        station=county.station, user=leaving, begins_on=LONG_AGO, ends_on=date(2099, 1, 1)
    )
    gone = make_user("停用", username="gone", is_active=False)
    StationStaff.objects.create(station=county.station, user=gone, begins_on=LONG_AGO)
    volunteer = make_user("志愿者", username="volunteer")
    StationStaff.objects.create(
        station=county.station, user=volunteer, duty=StationStaff.Duty.VOLUNTEER, begins_on=LONG_AGO
    )
    request = county.receive()

    heard = {recipient.user_id for recipient in notices.station_clerks(request)}

    assert heard == {county.clerk.pk, county.station_head.pk, leaving.pk}
    assert {r.user_id for r in notices.station_head(request)} == {county.station_head.pk}


def test_every_hearer_of_a_rule_pack_finds_its_people(county):
    request = county.assigned(follower=county.representative)

    heard = {
        name: sorted(r.key for r in resolve(ConstituentRequest.objects.get(pk=request.pk)))
        for name, resolve in notices.HEARERS.items()
    }

    def users(*names):
        return sorted(f"u{county.users[name].pk}" for name in names)

    assert heard == {
        "station": users("clerk", "station_head"),
        "station_head": users("station_head"),
        "unit_officer": users("unit_officer"),
        "unit_head": users("unit_head"),
        "town_office": users("town_office"),
        "county_office": users("county_office"),
        "follower": users("rep"),
    }


def test_a_resident_who_asked_for_no_message_gets_none(county):
    from intake.actions import Contact

    silent = county.receive(contact=Contact("李大爷", "13900002222", "phone", "station"))
    nameless = county.receive(contact=Contact())

    assert notices.resident(silent) == notices.resident(nameless) == []


def test_a_request_of_no_unit_and_no_follower_has_nobody_there(county):
    request = county.receive()

    assert notices.unit_officers(request) == notices.unit_heads(request) == notices.follower(request) == []
