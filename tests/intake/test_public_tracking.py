"""Following one's own case: the look-up and its limits, the page in every state, rating, adding, withdrawing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core.codes import show_code
from core.models import Attachment, Event
from intake import actions
from intake.models import ConstituentRequest
from tests.intake.test_public import errors_of, photo

pytestmark = pytest.mark.django_db


def page_of(client, request) -> str:
    answer = client.get(f"/t/{request.receipt_code}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def look_up(client, number, secret, **extra):
    return client.post("/track/", {"number": number, "secret": secret}, **extra)


def test_number_and_four_digits_lead_to_the_private_page(county, client):
    request = county.receive()

    answer = look_up(client, request.reference, "2746")

    assert (answer.status_code, answer.url) == (303, f"/t/{request.receipt_code}")
    assert request.title in page_of(client, request)


def test_number_and_code_work_however_they_are_typed(county, client):
    request = county.receive(contact=actions.Contact("王阿姨"))

    answer = look_up(
        client, f" {request.reference.replace('-', '')} ", show_code(request.receipt_code).lower()
    )

    assert answer.status_code == 303


def test_a_wrong_number_and_wrong_digits_get_the_very_same_answer(county, client):
    request = county.receive()

    def told(number, secret):
        answer = look_up(client, number, secret)
        assert answer.status_code == 422
        text = answer.content.decode().replace(number, "").replace(secret, "")
        return re.sub(r"nonce-\S+", "", text)

    wrong_digits = told(request.reference, "0001")
    assert told("26-0101-00000", "0001") == wrong_digits
    assert "没有查到这一件" in wrong_digits


def test_a_wrong_number_costs_what_wrong_digits_cost(county, client, count_queries):
    request = county.receive()
    costs = []
    for number, secret in ((request.reference, "0001"), ("26-0101-00000", "2746"), ("26-0101-00001", "0001")):
        with count_queries() as seen:
            look_up(client, number, secret)
        costs.append([re.sub(r"'[^']*'|\d+", "?", each["sql"])[:80] for each in seen.captured_queries])

    assert costs[0] == costs[1] == costs[2]


@pytest.mark.parametrize(
    "given", [("", ""), ("\x00", "2746"), ("9" * 500, "2746"), ("26-1125-00001", "１" * 30)]
)
def test_nonsense_in_the_look_up_is_answered_plainly(county, client, given):
    assert look_up(client, *given).status_code == 422


def test_after_five_tries_the_page_says_to_wait_and_to_call(county, client):
    request = county.receive()
    for _try in range(5):
        assert look_up(client, request.reference, "0000").status_code == 422

    answer = look_up(client, request.reference, "2746")

    assert answer.status_code == 429
    assert "15 分钟" in answer.content.decode()
    assert "打电话" in answer.content.decode()
    assert client.get(f"/t/{request.receipt_code}").status_code == 200
    assert look_up(client, request.reference, "2746", REMOTE_ADDR="10.9.9.9").status_code == 303


def test_the_private_page_is_kept_by_nobody_and_tells_nobody_its_address(county, client):
    request = county.receive()

    answer = client.get(f"/t/{request.receipt_code}")

    assert answer.headers["Cache-Control"] == "no-store, private"
    # Not `no-referrer`: the Origin of the forms on it would be null.
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert not answer.cookies


def test_the_code_never_stands_in_the_log(county, client, caplog):
    import logging

    from core.logs import JsonFormatter

    request = county.told()

    client.post(f"/t/{request.receipt_code}/rating", {})
    client.get(f"/t/{request.receipt_code}/nothing")

    assert caplog.records
    for record in caplog.records:
        assert isinstance(record, logging.LogRecord)
        assert request.receipt_code not in JsonFormatter().format(record)


def test_an_unknown_code_is_no_page(county, client):
    assert client.get("/t/ABCD2345EFGH6").status_code == 404
    assert client.get("/t/" + "A" * 300).status_code == 404
    assert client.get("/t/%00").status_code == 404


def test_the_page_costs_four_statements(county, client, count_queries):
    for request in (county.told(), county.registered()):
        with count_queries() as seen:
            client.get(f"/t/{request.receipt_code}")
        assert len(seen) <= 4, [each["sql"][:90] for each in seen.captured_queries]


def test_no_full_phone_nor_internal_word_on_any_page(county, client):
    request = county.told()
    actions.note(request, text="此人反映过三次", by=county.clerk)

    for part in ("", "/print", "/receipt"):
        text = client.get(f"/t/{request.receipt_code}{part}").content.decode()
        assert "13800002746" not in text
        assert "此人反映过三次" not in text


def test_after_anonymising_the_link_is_gone(county, client):
    request = county.told()
    code = request.receipt_code
    request.anonymise()

    for part in ("", "/print", "/receipt", "/more"):
        assert client.get(f"/t/{code}{part}").status_code == 404


# --- the states


def test_just_received(county, client):
    text = page_of(client, county.receive())

    assert "登记：石桥镇代表联络站已经收到" in text
    assert "还剩 1 个工作日" in text or "今天到期" in text or "还剩 2 个工作日" in text


def test_with_a_unit_the_page_names_who_handles_who_follows_and_the_clock(county, client):
    request = county.registered()
    actions.assign(request, unit=county.units["urban"], by=county.town_office, follower=county.representative)

    text = page_of(client, request)

    assert "由县城市管理局办理" in text
    assert "杨春梅代表在跟进" in text
    assert re.search(r"还剩 \d+ 个工作日", text)
    assert "答复" in text


def test_late(county, client):
    long_ago = timezone.now() - timedelta(days=40)
    request = county.assigned(now=long_ago)

    text = page_of(client, request)

    assert "已经在催办" in text
    assert re.search(r"超期 \d+ 个工作日", text)


def test_rejected_and_referred_say_why_and_where_to_go(county, client):
    rejected = actions.reject(county.receive(), by=county.clerk, note="内容是空的，请重新写。")
    referred = actions.refer(
        county.registered(), by=county.clerk, door="petition", note="请到县信访局，电话 0000-555-0180。"
    )

    assert "内容是空的，请重新写。" in page_of(client, rejected)
    text = page_of(client, referred)
    assert "这件事要去：县信访局" in text
    assert "0000-555-0180" in text


def test_merged_shows_the_handling_of_the_other_case_and_not_its_words(county, client):
    master = county.registered(body="集镇公厕堵了没人管，味道很大。", place="公厕西门")
    mine = county.registered(body="厕所堵了，请通一下。")
    actions.merge(mine, into=master, by=county.clerk)
    actions.assign(master, unit=county.units["urban"], by=county.town_office)
    actions.add(master, text="我就住在隔壁三号")

    text = page_of(client, mine)

    assert "已和另外 1 件一起办，进展看这里" in text
    assert "交给县城市管理局办理" in text
    assert "公厕西门" not in text
    assert "隔壁三号" not in text
    assert "味道很大" not in text


def test_waiting_shows_the_question_and_takes_the_answer_once(county, client):
    request = actions.ask(county.registered(), by=county.clerk, question="是哪一盏灯不亮？")
    text = page_of(client, request)
    assert "是哪一盏灯不亮？" in text

    for _press in range(2):
        answer = client.post(f"/t/{request.receipt_code}/answer", {"text": "路口第一盏。"})
        assert answer.status_code == 303

    request.refresh_from_db()
    assert request.state == "registered"
    assert request.notes.filter(kind="answer").count() == 1
    assert "路口第一盏。" in page_of(client, request)


def test_an_empty_answer_is_asked_for_again(county, client):
    request = actions.ask(county.registered(), by=county.clerk, question="是哪一盏灯不亮？")

    answer = client.post(f"/t/{request.receipt_code}/answer", {"text": "  "})

    assert answer.status_code == 422
    assert "请写几句再交" in errors_of(answer)


# --- rating


def rate(client, request, **answers):
    return client.post(f"/t/{request.receipt_code}/rating", answers)


def test_the_result_stands_first_and_nothing_is_preselected(county, client):
    request = county.told()

    text = page_of(client, request)

    assert "有结果了，请您评价" in text
    assert text.index("换了灯头，灯亮了") < text.index("问题解决了吗？") < text.index("这次办理，您满意吗？")
    assert " checked" not in text


def test_a_good_rating_closes_and_thanks(county, client):
    request = county.told()

    answer = rate(client, request, solved="yes", satisfied="satisfied", remark="谢谢。")

    assert answer.status_code == 303
    request.refresh_from_db()
    assert (request.state, request.solved, request.satisfied) == ("closed", "yes", "satisfied")
    assert "谢谢您的评价" in page_of(client, request)


@pytest.mark.parametrize("answers", [{"solved": "no"}, {"satisfied": "dissatisfied"}])
def test_a_bad_rating_sends_it_back_by_itself_with_the_new_date_on_the_page(county, client, answers):
    request = county.told()

    rate(client, request, **answers)

    request.refresh_from_db()
    assert request.state == "redoing"
    assert Event.objects.about(request).last().actor_kind == "resident"
    text = page_of(client, request)
    assert "已经退回重办" in text
    assert re.search(r"县城市管理局要在 \d+月\d+日前再答复", text)


def test_the_second_time_it_goes_up_to_the_county_office(county, client):
    request = county.told()
    rate(client, request, solved="no")
    request.refresh_from_db()
    actions.submit_reply(
        request, by=county.unit_officer, outcome="solved", headline="又修了", body="重新接了线，灯亮了。"
    )
    actions.sign(request, by=county.unit_head)
    actions.feed_back(request, by=county.clerk)

    rate(client, request, satisfied="dissatisfied")

    request.refresh_from_db()
    assert request.state == "disputed"
    assert "县代表工委" in page_of(client, request)


def test_partly_solved_is_called_back(county, client):
    request = county.told()

    rate(client, request, solved="partly")

    request.refresh_from_db()
    assert request.state == "callback"
    assert "联络站会打电话" in page_of(client, request)


def test_a_rating_without_an_answer_is_asked_again_and_the_remark_stays(county, client):
    request = county.told()

    answer = rate(client, request, remark="灯是亮了，太暗。")

    assert answer.status_code == 422
    assert "请至少回答一个问题" in errors_of(answer)
    assert "灯是亮了，太暗。" in answer.content.decode()
    request.refresh_from_db()
    assert request.state == "told"


def test_pressing_twice_rates_once(county, client):
    request = county.told()

    for _press in range(2):
        assert rate(client, request, solved="yes").status_code == 303

    assert request.ratings.count() == 1


def test_after_the_window_the_page_still_offers_the_phone(county, client):
    request = actions.lapse(county.told(), actor_kind="system")

    text = page_of(client, request)
    assert "评价时间过了，仍可打电话" in text
    assert "提交评价" not in text
    assert rate(client, request, solved="yes").status_code == 303
    request.refresh_from_db()
    assert request.solved == ""


# --- saying more


def test_words_and_photos_can_be_added_and_are_one_event(county, client):
    request = county.registered()
    before = Event.objects.about(request).count()

    answer = client.post(f"/t/{request.receipt_code}/more", {"text": "昨晚又有人摔了。", "photos": [photo()]})

    assert answer.status_code == 303
    assert Event.objects.about(request).count() == before + 1
    assert Attachment.objects.about(request).count() == 1
    text = page_of(client, request)
    assert "昨晚又有人摔了。" in text
    shown = re.search(r'src="(/t/[^"]+/photos/[^"]+)"', text)[1]
    seen = client.get(shown)
    assert seen.headers["Content-Type"] == "image/jpeg"
    assert b"".join(seen.streaming_content)


def test_nothing_to_add_is_said(county, client):
    request = county.registered()

    assert client.get(f"/t/{request.receipt_code}/more").status_code == 200
    answer = client.post(f"/t/{request.receipt_code}/more", {"text": ""})

    assert answer.status_code == 422
    assert "请写几句，或选一张照片" in errors_of(answer)


def test_photos_of_another_case_are_not_opened_by_this_code(county, client):
    one, other = county.registered(), county.registered()
    client.post(f"/t/{other.receipt_code}/more", {"photos": [photo()]})
    theirs = Attachment.objects.about(other).get()

    assert client.get(f"/t/{one.receipt_code}/photos/{theirs.public_id}").status_code == 404
    assert client.get(f"/files/{theirs.public_id}/").status_code == 404


def test_photos_sent_twice_after_the_words_are_kept_once(county, client):
    request = county.receive()
    path = f"/t/{request.receipt_code}/photos"

    for _try in range(2):
        assert client.post(path, {"photos": [photo("navy"), photo("red")]}).json()["kept"] == 2

    assert Attachment.objects.about(request).count() == 2
    assert Event.objects.about(request).filter(kind__endswith=".add").count() == 1


def test_a_closed_case_takes_nothing_more(county, client):
    request = county.told()
    rate(client, request, solved="yes")

    assert client.post(f"/t/{request.receipt_code}/more", {"text": "再说一句"}).status_code == 303
    assert not request.notes.exists()


def test_withdrawing_asks_on_a_page_of_its_own(county, client):
    request = county.registered()
    page = client.get(f"/t/{request.receipt_code}/withdrawal")
    assert "撤回以后不能恢复" in page.content.decode()
    request.refresh_from_db()
    assert request.state == "registered"

    client.post(f"/t/{request.receipt_code}/withdrawal", {"note": "自己修好了"})

    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert "您撤回了这一件" in page_of(client, request)


def test_a_post_from_another_site_changes_nothing(county):
    request = county.told()
    stranger = Client(headers={"sec-fetch-site": "cross-site"})

    assert stranger.post(f"/t/{request.receipt_code}/rating", {"solved": "yes"}).status_code == 403


def test_the_own_case_can_be_printed_whole(county, client):
    request = county.told()

    text = client.get(f"/t/{request.receipt_code}/print").content.decode()

    for words in (request.reference, request.body, "王阿姨", "138****2746", "换了灯头，灯亮了", "登记："):
        assert words in text


def test_the_receipt_counts_its_dates_from_the_clocks(county, client):
    from zoneinfo import ZoneInfo

    monday = timezone.datetime(2026, 5, 18, 10, 46, tzinfo=ZoneInfo("Asia/Shanghai"))
    request = county.receive(now=monday)

    text = client.get(f"/t/{request.receipt_code}/receipt").content.decode()

    # 5月18日 is a Monday: one working day to register, two more to hand out, ten or fifteen to answer.
    for day in ("5月19日（周二）", "5月21日（周四）", "6月2日（周二）", "6月9日（周二）"):
        assert day in text


def test_a_method_nobody_offers_is_refused(county, client):
    code = county.receive().receipt_code

    for address in ("/track/", f"/t/{code}/more", f"/t/{code}/withdrawal", "/requests/new/check/"):
        assert client.put(address).status_code == 405, address


def test_everything_is_answered_under_get_only_where_it_should_be(county, client):
    request = county.told()

    for part in ("rating", "answer", "photos"):
        assert client.get(f"/t/{request.receipt_code}/{part}").status_code == 405
    assert client.get("/requests/new/similar/").status_code == 405
    assert client.get("/requests/submit/").status_code == 405
    assert client.get("/t").url == "/track/"
    assert ConstituentRequest.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_tries_made_at_the_same_time_do_not_slip_through(county):
    from tests.intake.test_public_once import in_parallel

    request = county.receive()

    found = in_parallel(lambda: actions.look_up(request.reference, "0000", source="a"), 20)

    assert len([each for each in found if not each.wait_seconds]) == 5


def test_many_addresses_together_have_few_tries_at_one_number(county):
    request = county.receive()

    found = [actions.look_up(request.reference, "0000", source=f"10.0.0.{n}") for n in range(100)]

    assert len([each for each in found if not each.wait_seconds]) == 30
    assert actions.look_up(request.reference, request.receipt_code, source="10.0.0.1").request == request


def test_a_new_answer_is_not_shown_before_the_resident_is_told(county, client):
    request = county.told()
    rate(client, request, solved="no")
    request.refresh_from_db()
    assert "换了灯头，灯亮了</h2>" not in page_of(client, request)
    actions.submit_reply(
        request, by=county.unit_officer, outcome="solved", headline="这回接好了", body="重新接了线。"
    )
    actions.sign(request, by=county.unit_head)

    assert "这回接好了" not in page_of(client, request)
    actions.feed_back(request, by=county.clerk)
    assert "这回接好了" in page_of(client, request)
