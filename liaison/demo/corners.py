"""The less common ways a request goes, one short story each: together with the story they visit every state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from intake import actions
from intake.models import AccusedUnit, ConstituentRequest
from liaison.demo.matters import resident
from liaison.demo.stage import Stage, Story


def _registered(s: Stage, ago: int, body: str, number: int, **given: Any) -> Story:
    case = yield from s.receive(s.at(ago, "10:05"), body, contact=resident(number), **given)
    yield from s.register(case, s.at(ago, "14:00"))
    return case


def on_the_unit_desk(s: Stage) -> Iterator[Story]:
    """县城市管理局: one on time, one due soon, one late and asking for more days, one waiting for the head, one sent back."""
    yield _assigned(s, 3, "石桥街上的路灯天亮了还开着，浪费电。", 401)
    yield _assigned(s, 8, "牛场村口的垃圾桶破了两个，一直没换。", 402, category="sanitation")
    yield _late(s)
    yield _extended(s)
    yield _to_sign(s)
    yield _improved(s)


def _assigned(s: Stage, ago: int, body: str, number: int, **given: Any) -> Story:
    options = {"category": "utilities", "village": "石桥社区"} | given
    case = yield from _registered(s, ago, body, number, **options)
    yield from s.assign(case, s.at(ago - 1, "09:00"), "urban", follower="杨春梅")
    return case


def _late(s: Stage) -> Story:
    case = yield from _assigned(s, 11, "石桥街下水道盖板断了，晚上容易踩空。", 403, category="roads")
    yield from s.step(
        s.at(3, "15:00"),
        actions.request_extension,
        case,
        by=s.user("officer"),
        days=5,
        note="盖板要定做，厂里下周发货。",
    )


def _extended(s: Stage) -> Story:
    case = yield from _assigned(s, 10, "石桥公园的路灯坏了一半。", 404)
    yield from s.step(
        s.at(5, "10:00"), actions.request_extension, case, by=s.user("officer"), days=5, note="要换整条电缆。"
    )
    yield from s.step(
        s.at(4, "10:00"), actions.extend, case, by=s.user("town"), days=5, note="整条电缆要换，下周到货。"
    )


def _to_sign(s: Stage) -> Story:
    case = yield from _assigned(s, 7, "石桥街口的绿化带挡住视线，转弯看不见车。", 405, category="roads")
    yield from s.reply(
        case,
        s.at(1, "16:00"),
        None,
        "绿化带修矮了",
        "园林所把路口两边三十米的绿篱修到半米高，以后每月修一次。",
        photos="s-road s-park",
    )


def _improved(s: Stage) -> Story:
    case = yield from _assigned(s, 6, "石桥街的公厕没有灯，晚上不敢进。", 406, category="sanitation")
    yield from s.reply(case, s.at(2, "10:00"), None, "正在安排", "高度重视，正在安排。")
    yield from s.step(
        s.at(2, "15:00"),
        actions.send_back_draft,
        case,
        by=s.user("chief"),
        note="写清楚哪天装、装几盏、谁来管。",
    )


def waiting_for_words(s: Stage) -> Story:
    """等群众补充: the clock stands still."""
    case = yield from _registered(
        s, 4, "我家那边的水有时候是黄的。", 411, category="utilities", village="石桥社区"
    )
    yield from s.assign(case, s.at(3, "09:00"), "water")
    yield from s.step(
        s.at(2, "09:30"),
        actions.ask,
        case,
        by=s.people.officers["water"],
        question="您家在哪个小区几号楼？一般几点钟水黄？",
    )


def words_came(s: Stage) -> Story:
    """群众补充: answered, and the clock runs on."""
    case = yield from _registered(
        s, 7, "楼下的路挖开半个月没人填。", 412, category="roads", village="石桥社区"
    )
    yield from s.step(
        s.at(6, "10:00"), actions.ask, case, by=s.user("clerk"), question="请说一下是哪条路、靠近哪里。"
    )
    yield from s.step(s.at(5, "20:00"), actions.supplement, case, text="石桥街后面的粮站路，靠近老粮仓。")
    yield from s.assign(case, s.at(4, "09:00"), "transport")


def no_words_came(s: Stage) -> Story:
    """没等到补充，接着办: the system lets it go on by itself."""
    case = yield from _registered(s, 14, "路边那个井盖一直响。", 413, category="roads", village="石桥社区")
    yield from s.step(
        s.at(13, "10:00"), actions.ask, case, by=s.user("clerk"), question="请说一下在哪条路上。"
    )


def merged_and_waiting(s: Stage) -> Story:
    """合并办理: the same matter twice, not assigned yet, so the merge can still be undone."""
    first = yield from _registered(s, 2, "文化广场的健身器材松了，老人用着怕。", 421, village="石桥社区")
    again = yield from s.receive(
        s.at(1, "09:40"), "石桥文化广场的健身器材螺丝松了。", village="石桥社区", contact=resident(422)
    )
    yield from s.step(s.at(1, "10:30"), actions.merge, again, into=first, by=s.user("clerk"))


def at_the_station(s: Stage) -> Story:
    """站内办理: the station is at it."""
    case = yield from _registered(s, 2, "两家人为了屋边的水沟吵起来了，想请人来说和。", 423, village="牛场村")
    yield from s.step(s.at(1, "09:20"), actions.handle, case, by=s.user("clerk"))


def to_be_told(s: Stage) -> Story:
    """待反馈: signed yesterday; the resident has not heard yet."""
    case = yield from _registered(
        s, 9, "村里的慢性病药能不能在卫生室开？", 431, category="health", village="牛场村"
    )
    yield from s.assign(case, s.at(8, "09:00"), "health", follower="杨春梅")
    yield from s.reply(
        case,
        s.at(2, "10:00"),
        s.at(1, "11:00"),
        "下月起村卫生室能开",
        "卫健局给每个村卫生室配齐 24 种慢病药，下月 1 日起可以开。",
    )


def told_at_once(s: Stage) -> Story:
    """当场答复: said face to face; the rating is open."""
    case = yield from _registered(
        s, 2, "高龄补贴从多少岁开始领？要带什么？", 432, category="elderly", village="石桥社区",
        channel="walk_in", by=s.user("clerk"),
    )  # fmt: skip
    yield from s.step(
        s.at(2, "14:20"), actions.answer, case, by=s.user("clerk"), headline="满 80 岁可以领，带身份证",
        body="满 80 岁的下个月起领，带身份证、户口本到社区窗口办，走不动的可以上门。",
    )  # fmt: skip


def _partly(s: Stage, number: int) -> Story:
    case = yield from _registered(
        s, 15, "石桥街的公交站牌看不清，老人坐错车。", number, category="roads", village="石桥社区"
    )
    yield from s.assign(case, s.at(14, "09:00"), "transport")
    yield from s.reply(
        case, s.at(8, "10:00"), s.at(8, "16:00"), "站牌换了大字", "两个站的站牌换成大字，加了盲文。"
    )
    yield from s.tell(case, s.at(7, "10:00"))
    yield from s.rate(case, s.at(4, "19:00"), "partly", "basically", "对面那个站还没换。")
    return case


def to_call_back(s: Stage) -> Story:
    """待回访: partly solved; nobody answered the first call."""
    case = yield from _partly(s, 441)
    yield from s.step(
        s.at(2, "10:00"), actions.log_call, case, by=s.user("clerk"), outcome="no_answer", note="响了没人接"
    )


def called_back(s: Stage) -> Story:
    """回访后办结: what was missing was talked over."""
    case = yield from _partly(s, 442)
    yield from s.step(
        s.at(3, "10:00"), actions.log_call, case, by=s.user("clerk"), outcome="reached", note="对面的站下周换"
    )
    yield from s.step(
        s.at(3, "10:10"), actions.settle, case, by=s.user("clerk"), note="对面的站牌下周换，群众认可。"
    )


def not_taken(s: Stage) -> Story:
    """不予登记: nothing in it."""
    case = yield from s.receive(s.at(5, "23:10"), "哈哈哈测试一下")
    yield from s.step(
        s.at(4, "09:05"),
        actions.reject,
        case,
        by=s.user("clerk"),
        note="没有说明具体的事。有事请再写，或打电话说。",
    )


def another_door(s: Stage) -> Story:
    """转其他渠道: a case before the court is not ours; the right door is named."""
    case = yield from _registered(s, 6, "法院判了我不服，请代表帮我改判。", 451, village="石桥社区")
    yield from s.step(
        s.at(5, "10:00"), actions.refer, case, by=s.user("clerk"), door="court",
        note="判决的事代表不能过问。不服判决可在上诉期内向中级人民法院上诉，法律援助中心在石桥街 48 号。",
    )  # fmt: skip


def changed_their_mind(s: Stage) -> Story:
    """撤回: the neighbours settled it themselves."""
    case = yield from _registered(s, 5, "邻居家的鸡老跑到我菜地里。", 452, village="牛场村")
    yield from s.step(s.at(4, "20:00"), actions.withdraw, case, note="说好了")


def handed_down(s: Stage) -> Story:
    """上报、下交: the town sent it up, the county sent it back with an opinion."""
    case = yield from _registered(
        s, 8, "两个村争一口井，谁也说服不了谁。", 453, category="utilities", village="岩上村"
    )
    yield from s.step(
        s.at(7, "10:00"), actions.escalate, case, by=s.user("town"), note="涉及两个村，镇里定不下来。"
    )
    yield from s.step(
        s.at(1, "15:00"),
        actions.hand_down,
        case,
        by=s.user("county"),
        note="水务局派人一起到现场，先按水量分时段。",
    )


def about_a_unit(s: Stage) -> Story:
    """反映单位的事: the unit it is about never sees it."""
    case = yield from _registered(
        s,
        5,
        "城管局的人把我的菜摊掀了，也不说为什么。",
        454,
        category="other",
        village="石桥社区",
        is_confidential=True,
    )
    AccusedUnit.objects.create(request=case, unit=s.places.units["urban"])
    yield from s.assign(case, s.at(4, "10:00"), "石桥镇")


def coordinated(s: Stage) -> Story:
    """开协调会: handed back twice, then settled around one table."""
    case = yield from _registered(
        s, 12, "河堤护栏断了十几米，没人认是谁的。", 455, category="roads", village="石桥社区"
    )
    yield from s.assign(case, s.at(11, "09:00"), "water")
    yield from _hands_back(s, case, 10, "water")
    yield from s.step(
        s.at(9, "10:00"), actions.reassign, case, unit=s.places.units["transport"], by=s.user("town")
    )
    yield from _hands_back(s, case, 8, "transport")
    yield from s.step(
        s.at(7, "15:00"),
        actions.coordinate,
        case,
        by=s.user("town"),
        note="水务、交通、住建到场：护栏由水务局修，镇里管护。",
    )
    yield from s.step(
        s.at(7, "16:30"), actions.reassign, case, unit=s.places.units["water"], by=s.user("town")
    )


def _hands_back(s: Stage, case: ConstituentRequest, ago: int, unit: str) -> Story:
    yield from s.step(
        s.at(ago, "11:00"),
        actions.hand_back,
        case,
        by=s.people.officers[unit],
        note="这段河堤不在我们的管养范围。",
        right_unit="请镇里定",
    )


def corners(s: Stage) -> Iterator[Story]:
    yield from on_the_unit_desk(s)
    for tell in (
        waiting_for_words, words_came, no_words_came, merged_and_waiting, at_the_station, to_be_told, told_at_once,
        to_call_back, called_back, not_taken, another_door, changed_their_mind, handed_down, about_a_unit, coordinated,
    ):  # fmt: skip
        yield tell(s)
