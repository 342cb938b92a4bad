"""The representative's pages: what waits, only what they follow, and the three things they may do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import AccessLog, Event, Message
from intake import actions
from intake.models import ConstituentRequest, RequestNote
from representatives.duty import points
from representatives.models import DutyKind, DutyRecord, DutyRule
from stations.models import Reception
from tests.county import make_late, make_representative, make_user

pytestmark = pytest.mark.django_db


def follow(county, request):
    actions.follow(request, follower=county.representative, by=county.clerk)
    return request


@pytest.fixture
def rep(county, sign_in):
    return sign_in(county.rep)


def overdue(request):
    make_late(request, days=2)


PAGES = ["reports:my", "reports:my-cases", "reports:my-schedule", "reports:my-record", "reports:my-messages"]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_with_nothing_and_with_much(county, rep, name):
    assert rep.get(reverse(name)).status_code == 200
    for request in (county.assigned(), county.told(), county.registered()):
        follow(county, request)

    assert rep.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("who", ["clerk", "unit_officer", "leader", "auditor", "nobody"])
@pytest.mark.parametrize("name", PAGES[:4])
def test_nobody_else_has_these_pages(county, sign_in, who, name):
    assert sign_in(county.users[who]).get(reverse(name)).status_code == 403


def test_only_what_i_follow_is_mine(county, rep):
    mine, other = follow(county, county.assigned()), county.assigned(body="别人的事，水管漏了。")

    page = rep.get(reverse("reports:my-cases")).content.decode()

    assert mine.public_id in page
    assert other.public_id not in page
    assert rep.get(reverse("reports:my-case", args=[mine.public_id])).status_code == 200
    assert rep.get(reverse("reports:my-case", args=[other.public_id])).status_code == 404
    for verb in ("note", "urge", "talk", "contact"):
        url = reverse("reports:my-case", args=[other.public_id]) + f"{verb}/"
        assert rep.post(url, {"text": "话", "note": "话", "reason": "看看"}).status_code == 404


def test_a_dissatisfied_resident_waits_until_i_have_talked(county, rep):
    request = follow(county, county.told())
    actions.rate(request, solved="no", satisfied="dissatisfied")

    assert "群众不满意，已退回重办" in rep.get(reverse("reports:my")).content.decode()
    answer = rep.post(
        reverse("reports:my-case-step", args=[request.public_id, "talk"]),
        {"way": "phone", "text": "他说灯只亮了一天。"},
    )

    assert answer.status_code == 302
    note = RequestNote.objects.get(request=request, kind="staff")
    assert note.text == "打电话：他说灯只亮了一天。"
    assert note.by == county.rep
    page = rep.get(reverse("reports:my")).content.decode()
    assert "群众不满意，已退回重办" not in page
    assert "今天没有等您处理的" in page


def test_what_a_resident_adds_waits_for_a_word(county, rep):
    request = follow(county, county.assigned())
    actions.add(request, text="昨晚又跳闸了。")

    assert "群众又说了几句" in rep.get(reverse("reports:my")).content.decode()
    rep.post(reverse("reports:my-case-step", args=[request.public_id, "note"]), {"text": "请先断电检查。"})

    assert "群众又说了几句" not in rep.get(reverse("reports:my")).content.decode()


def test_whoever_is_late_may_be_pressed_once_in_three_days(county, rep):
    request = follow(county, county.assigned())
    overdue(request)

    assert "催一催" in rep.get(reverse("reports:my")).content.decode()
    rep.post(reverse("reports:my-case-step", args=[request.public_id, "urge"]), {"note": "老人晚上摔过。"})

    assert Event.objects.about(request).filter(kind="intake.request.urge", actor=county.rep).exists()
    assert "今天没有等您处理的" in rep.get(reverse("reports:my")).content.decode()
    assert Message.objects.filter(recipient=county.unit_officer, kind="intake.request_urged").exists()


def test_an_empty_word_is_refused_in_place_and_nothing_is_written(county, rep):
    request = follow(county, county.assigned())
    before = Event.objects.about(request).count()

    answer = rep.post(reverse("reports:my-case-step", args=[request.public_id, "talk"]), {"text": "只有话"})

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "处要改" in page
    assert "只有话" in page
    assert Event.objects.about(request).count() == before


def test_what_others_changed_meanwhile_is_said_and_the_words_stay(county, rep):
    request = follow(county, county.assigned())

    answer = rep.post(
        reverse("reports:my-case-step", args=[request.public_id, "note"]),
        {"text": "我写的话还在", "version": "1"},
    )

    assert answer.status_code == 409
    assert "我写的话还在" in answer.content.decode()


@pytest.mark.parametrize("verb", ["close", "assign", "reassign", "..", "rate"])
def test_no_other_verb_goes_through_here(county, rep, verb):
    request = follow(county, county.assigned())
    url = reverse("reports:my-case", args=[request.public_id]) + f"{verb}/"

    assert rep.post(url, {"note": "x"}).status_code == 404


def test_a_number_is_opened_with_a_reason_where_the_resident_allowed_it(county, rep):
    contact = actions.Contact("王阿姨", "13800002746", "sms", "handlers")
    request = follow(county, county.assigned(contact=contact))
    url = reverse("reports:my-case-contact", args=[request.public_id])

    assert "13800002746" not in rep.get(reverse("reports:my-case", args=[request.public_id])).content.decode()
    assert rep.post(url, {"reason": ""}).status_code == 422
    assert not AccessLog.objects.exists()

    opened = rep.post(url, {"reason": "回访这件事"})

    assert "13800002746" in opened.content.decode()
    assert "no-store" in opened["Cache-Control"]
    assert AccessLog.objects.get().reason == "回访这件事"
    assert rep.get(url).status_code == 405


def test_a_number_left_to_the_station_only_is_not_mine(county, rep):
    request = follow(county, county.assigned())
    page = rep.get(reverse("reports:my-case", args=[request.public_id])).content.decode()

    assert "群众选了只给联络站看号码" in page
    assert "2746" not in page
    refused = rep.post(reverse("reports:my-case-contact", args=[request.public_id]), {"reason": "想问问"})
    assert refused.status_code == 403
    assert "13800002746" not in refused.content.decode()
    assert not AccessLog.objects.exists()


def test_the_receipt_code_is_nowhere_on_my_pages(county, rep):
    request = follow(county, county.assigned())

    for url in (reverse("reports:my-cases"), reverse("reports:my-case", args=[request.public_id])):
        assert request.receipt_code not in rep.get(url).content.decode()


def test_tabs_and_villages_narrow_the_list(county, rep):
    told = follow(county, county.told())
    working = follow(county, county.assigned(village=county.villages[1]))

    def listed(query):
        return rep.get(reverse("reports:my-cases") + query).content.decode()

    assert working.public_id in listed("?tab=open")
    assert told.public_id not in listed("?tab=open")
    assert told.public_id in listed("?tab=result")
    assert working.public_id not in listed(f"?tab=open&village={county.villages[0].pk}")
    assert working.public_id in listed("?tab=nonsense&village=x&before=x")


def test_the_list_goes_on_by_keyset(county, rep, monkeypatch):
    from reports.selectors import desk_of_representative as own

    monkeypatch.setattr(own, "PAGE", 2)
    made = [follow(county, county.registered()) for _number in range(3)]

    first = rep.get(reverse("reports:my-cases")).content.decode()
    second = rep.get(reverse("reports:my-cases") + f"?tab=open&before={made[1].pk}").content.decode()

    assert f"before={made[1].pk}" in first
    assert made[0].public_id not in first
    assert made[0].public_id in second


@pytest.mark.parametrize(
    "name", ["reports:my", "reports:my-cases", "reports:my-record", "reports:my-messages"]
)
def test_pages_cost_the_same_for_few_and_for_many(county, rep, count_queries, name):
    follow(county, county.assigned())
    rep.get(reverse(name))
    with count_queries() as few:
        rep.get(reverse(name))
    for _number in range(6):
        follow(county, county.assigned())
        actions.add(follow(county, county.registered()), text="又说几句")
    with count_queries() as many:
        rep.get(reverse(name))

    assert len(few) == len(many)
    assert len(many) <= 16


def test_the_next_duty_stands_on_the_page_and_in_the_calendar(county, rep):
    tomorrow = timezone.now() + timedelta(days=1)
    day = Reception.objects.create(
        station=county.station,
        kind=Reception.Kind.MARKET_DAY,
        place="集市东口，蓝色帐篷；靠桥",
        topic="听听公厕怎么管",
        starts_at=tomorrow,
        ends_at=tomorrow + timedelta(hours=3),
    )
    day.people.add(county.representative)

    page = rep.get(reverse("reports:my")).content.decode()
    file = rep.get(reverse("reports:my-schedule-file"))

    assert "集市东口" in page
    assert "看安排" in page
    assert file["Content-Type"].startswith("text/calendar")
    lines = file.content.decode().replace("\r\n ", "").split("\r\n")
    assert f"DTSTART:{tomorrow:%Y%m%dT%H%M%SZ}" in lines
    assert "LOCATION:集市东口，蓝色帐篷；靠桥" in lines
    assert all(len(line) <= 75 for line in file.content.split(b"\r\n"))


def test_other_peoples_receptions_are_not_in_my_calendar(county, rep):
    tomorrow = timezone.now() + timedelta(days=1)
    Reception.objects.create(
        station=county.station, starts_at=tomorrow, ends_at=tomorrow + timedelta(hours=3)
    )

    assert b"BEGIN:VEVENT" not in rep.get(reverse("reports:my-schedule-file")).content


def test_my_record_counts_by_the_rules_of_the_year(county, rep):
    DutyRule.objects.create(
        year=timezone.localdate().year, kind=DutyKind.REQUEST_FOLLOWED, points="2.0", yearly_cap="5.0"
    )
    for _number in range(3):
        follow(county, county.assigned())

    page = rep.get(reverse("reports:my-record")).content.decode()

    assert "3 次" in page
    assert "每次 2 分，计 5 分，全年最多 5 分" in page
    assert points(county.representative, year=timezone.localdate().year) == {"request_followed": 5}
    assert rep.get(reverse("reports:my-record") + "?year=x").status_code == 200
    assert rep.get(reverse("reports:my-record") + "?year=99999").status_code == 200


def test_nobody_sees_the_record_of_another(county, sign_in):
    follow(county, county.assigned())
    body = county.representative.mandates.first().term.body
    stranger = make_user("罗国栋", ("representative", None), username="rep2")
    make_representative("罗国栋", body, user=stranger)

    page = sign_in(stranger).get(reverse("reports:my-record")).content.decode()

    assert "这一年还没有记录" in page
    assert DutyRecord.objects.filter(person=county.representative).exists()


def test_messages_are_read_by_post_and_lead_to_the_matter(county, rep):
    request = follow(county, county.assigned())
    letter = Message.objects.get(recipient=county.rep, channel="inbox")

    page = rep.get(reverse("reports:my-messages")).content.decode()
    letter.refresh_from_db()
    assert letter.read_at is None
    assert request.reference in page

    assert rep.get(reverse("reports:message", args=[letter.pk])).status_code == 405
    answer = rep.post(reverse("reports:message", args=[letter.pk]))

    assert answer["Location"] == reverse("reports:my-case", args=[request.public_id])
    letter.refresh_from_db()
    assert letter.read_at is not None


def test_messages_lead_each_to_the_own_desk(county, sign_in):
    request = county.assigned()
    clerk_letter = Message.objects.inbox_of(county.clerk).first()
    unit_letter = Message.objects.inbox_of(county.unit_officer).first()

    to_clerk = sign_in(county.clerk).post(reverse("reports:message", args=[clerk_letter.pk]))
    to_unit = sign_in(county.unit_officer).post(reverse("reports:message", args=[unit_letter.pk]))

    assert to_clerk["Location"] == reverse("intake:request", args=[request.public_id])
    assert to_unit["Location"] == reverse("intake:unit-reply", args=[request.public_id])


def test_nobody_opens_the_letter_of_another(county, sign_in):
    county.assigned()
    letter = Message.objects.inbox_of(county.unit_officer).first()

    assert sign_in(county.clerk).post(reverse("reports:message", args=[letter.pk])).status_code == 404
    sign_in(county.clerk).post(reverse("reports:messages-read"))
    letter.refresh_from_db()
    assert letter.read_at is None


def test_all_are_read_at_once(county, sign_in):
    county.assigned()
    clerk = sign_in(county.clerk)

    clerk.post(reverse("reports:messages-read"))

    assert not Message.objects.inbox_of(county.clerk).unread().exists()
    assert clerk.get(reverse("reports:messages")).status_code == 200


def test_a_representative_no_longer_in_a_role_has_nothing(county, rep):
    follow(county, county.assigned())
    county.rep.memberships.update(valid_to=timezone.localdate() - timedelta(days=1))

    assert rep.get(reverse("reports:my")).status_code == 403
    assert not ConstituentRequest.objects.visible_to(type(county.rep).objects.get(pk=county.rep.pk)).exists()
