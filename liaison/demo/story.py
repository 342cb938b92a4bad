"""The story of 云岭县: the matters of the field, each told by the real steps, so that every state can be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from intake import actions
from intake.models import ConstituentRequest
from liaison.demo.corners import corners
from liaison.demo.matters import EVERYDAY, OPINIONS, REPLIES, resident
from liaison.demo.stage import Stage, Story

LAMP_CONTACT = ("王阿姨", "13800002746")
LAMP = "牛场组进村路口的路灯有半个多月不亮了，晚上老人孩子走路看不见，上周有人摔了一跤。希望尽快修好。"


def street_lamp(s: Stage) -> Story:
    """路灯: reported by phone, followed by a representative, repaired, told, rated and shown to everybody."""
    lamp = yield from s.receive(
        s.at(16, "10:46"), LAMP, category="utilities", village="牛场村", contact=LAMP_CONTACT, photos="s-lamp-off",
        place="牛场村牛场组，小卖部对面",
    )  # fmt: skip
    yield from s.register(
        lamp, s.at(16, "11:20"), title="牛场组进村路口路灯不亮，有人摔跤", complexity="complex"
    )
    yield from s.assign(
        lamp,
        s.at(15, "11:30"),
        "urban",
        follower="杨春梅",
        complexity="complex",
        instruction="有老人摔过，先去看现场。",
    )
    yield from s.step(s.at(12, "19:05"), actions.add, lamp, text="昨晚又黑了一段，电线杆上的箱子开着。")
    yield from s.step(s.at(6, "09:00"), actions.publish, lamp, by=s.user("clerk"))
    yield from s.reply(
        lamp, s.at(5, "15:02"), s.at(5, "16:40"), "换了灯头和 40 米电缆，路灯亮了",
        "路灯所到现场换了灯头和 40 米电缆，当晚试亮正常。这一段以后由路灯所每月巡查一次，坏了可打 0000-555-0160。",
        photos="s-lamp-off s-lamp-on",
    )  # fmt: skip
    yield from s.tell(lamp, s.at(4, "09:30"))
    yield from s.rate(lamp, s.at(3, "20:10"), "yes", "satisfied", "晚上敢出门了，谢谢。")


def lamps_again(s: Stage) -> Story:
    """Three say the same of another corner: two wait for the clerk, one came eight minutes ago."""
    first = yield from s.receive(
        s.at(4, "18:20"), "牛场村文化广场东边路口晚上太黑，路灯坏了。", category="utilities", village="牛场村",
        contact=resident(11), place="文化广场东边路口",
    )  # fmt: skip
    yield from s.register(first, s.at(3, "09:10"))
    second = yield from s.receive(
        s.at(1, "20:31"), "文化广场东边路口的路灯坏了，黑得看不见人。", category="utilities", village="牛场村",
        contact=resident(12), channel="qr", place="文化广场路口",
    )  # fmt: skip
    del second
    yield from s.receive(
        s.minutes_ago(8), "牛场村文化广场东边路口路灯不亮，昨晚有人绊倒。", category="utilities", village="牛场村",
        contact=resident(13), photos="s-lamp-off", place="文化广场东边",
    )  # fmt: skip


def fresh(s: Stage) -> Story:
    """What lies on the clerk's desk this morning."""
    yield from s.receive(
        s.minutes_ago(95), "幼儿园门口车太快，接孩子的时候很险。", category="roads", village="石桥社区", contact=resident(21),
    )  # fmt: skip
    allowance = yield from s.receive(
        s.minutes_ago(70), "低保停发没有通知，想问原因。", category="elderly", village="石桥社区", contact=resident(22),
        channel="walk_in", by=s.user("clerk"),
    )  # fmt: skip
    yield from s.register(allowance, s.minutes_ago(66))
    yield from s.receive(
        s.minutes_ago(40), "建议集镇多设几个充电桩。", category="other", village="石桥社区", channel="qr",
    )  # fmt: skip
    yield from s.receive(
        s.minutes_ago(21), "杨家坪公厕锁了一个多月，赶场的人没处上厕所。", category="sanitation", village="杨家坪村",
        channel="market", follower="龙小妹", by=s.user("longxiaomei"), contact=resident(23),
    )  # fmt: skip


def dead_tree(s: Stage) -> Story:
    """枯树: danger to people; the resident was reached in half an hour, the tree was down the same afternoon."""
    tree = yield from s.receive(
        s.at(14, "08:40"), "101 主干道边有棵枯树歪了，怕倒下来砸到人。", station="0710", category="roads", village="偏桥村",
        contact=resident(31), channel="phone", by=s.user("clerk0710"), is_urgent=True, place="主干道 3 公里处",
    )  # fmt: skip
    yield from s.register(tree, s.at(14, "08:45"), is_urgent=True)
    yield from s.step(
        s.at(14, "09:05"), actions.mark_urgent, tree, by=s.user("clerk0710"), note="树离路只有一米"
    )
    yield from s.step(
        s.at(14, "09:10"), actions.contacted, tree, by=s.user("clerk0710"), note="问清了位置，请他绕行"
    )
    yield from s.step(s.at(14, "09:20"), actions.handle, tree, by=s.user("clerk0710"))
    yield from s.step(
        s.at(14, "16:30"), actions.report_result, tree, by=s.user("clerk0710"), outcome="solved", headline="枯树已经伐掉",
        body="乡应急办到场拉了警戒，伐掉枯树两棵，路面清理干净。以后由林业站每季度查一次。",
    )  # fmt: skip
    yield from s.step(s.at(13, "09:00"), actions.publish, tree, by=s.user("clerk0710"))
    yield from s.tell(tree, s.at(13, "09:30"), "phone")
    yield from s.rate(tree, s.at(12, "19:00"), "yes", "satisfied")


def water_pump(s: Stage) -> Story:
    """抽水房: answered, told, and now it is the resident's turn to rate."""
    pump = yield from s.receive(
        s.at(11, "17:15"), "苗寨组抽水房的设备老了，抽不上水，田里等着用。", station="0710", category="farming", village="苗寨村",
        contact=resident(41), visibility="handlers", photos="s-water", channel="market", follower="龙小妹",
        by=s.user("longxiaomei"),
    )  # fmt: skip
    yield from s.register(pump, s.at(10, "09:00"), title="苗寨组抽水房设备老旧")
    yield from s.assign(pump, s.at(10, "10:00"), "偏桥乡", follower="龙小妹")
    yield from s.reply(
        pump, s.at(4, "11:00"), s.at(3, "09:20"), "苗寨组抽水房换了新水泵",
        "乡里请人换了水泵和阀门，试抽两小时，水已经上田。以后由村里的管水员看管。", photos="s-water s-water",
    )  # fmt: skip
    yield from s.tell(pump, s.at(2, "10:05"))


def toilet(s: Stage) -> Story:
    """公厕: opened at weekends; rated 基本满意; archived since."""
    case = yield from s.receive(
        s.at(48, "15:40"), "岩上观景台的公厕周末锁着，游客和赶场的人没处去。", category="sanitation", village="岩上村",
        contact=resident(51), photos="s-toilet",
    )  # fmt: skip
    yield from s.register(case, s.at(47, "09:00"), title="岩上观景台公厕周末没开")
    yield from s.assign(case, s.at(47, "10:20"), "石桥镇", follower="何秀英")
    yield from s.reply(
        case, s.at(42, "10:00"), s.at(42, "15:00"), "观景台公厕周末开放", "每天 7 点到 21 点开，管护人姓名电话贴在门口。",
        photos="s-toilet s-toilet",
    )  # fmt: skip
    yield from s.step(s.at(41, "09:00"), actions.publish, case, by=s.user("clerk"))
    yield from s.tell(case, s.at(41, "09:30"))
    yield from s.rate(case, s.at(40, "20:00"), "yes", "basically")
    yield from s.step(s.at(30, "09:00"), actions.archive, case, by=s.user("clerk"))


def drinking_water(s: Stage) -> Story:
    """饮水接入市政管网: promised with a date, followed, and done on that date."""
    case = yield from s.receive(
        s.at(60, "10:00"), "高寨田组在半山腰，水源小，天一旱就没水吃，想接城里的自来水。", station="0410", category="utilities",
        village="高寨田村", contact=resident(61), channel="representative", follower="石明礼", by=s.user("county"),
    )  # fmt: skip
    yield from s.register(case, s.at(60, "11:00"), title="高寨田组接市政自来水", complexity="complex")
    yield from s.assign(case, s.at(59, "09:00"), "water", complexity="complex", follower="石明礼")
    yield from s.reply(
        case, s.at(50, "09:00"), s.at(50, "16:00"), "列入计划，两个月内通水", "已经落实资金，管道 8.1 公里分两段施工。",
        outcome="planned", planned_on=s.workday(12),
    )  # fmt: skip
    yield from s.tell(case, s.at(49, "09:00"), "face")
    yield from s.reply(
        case, s.at(14, "09:00"), s.at(14, "15:00"), "市政水通到高寨田组", "八个组全部通水，水质检测合格，报告贴在村委会。",
        photos="s-water s-water",
    )  # fmt: skip
    yield from s.step(s.at(13, "10:00"), actions.publish, case, by=s.user("county"))
    yield from s.tell(case, s.at(13, "10:30"), "face")
    yield from s.rate(case, s.at(11, "19:00"), "yes", "satisfied", "旱天也有水吃了。")


def road_promised(s: Stage) -> Story:
    """道路扩建: promised; everybody watches the date."""
    case = yield from s.receive(
        s.at(22, "14:10"), "双龙到午坡的路太窄，两辆车错不开，赶场天堵半天。", station="0810", category="roads", village="午坡村",
        contact=resident(71), photos="s-road", channel="representative", follower="赵德福", by=s.user("clerk0810"),
    )  # fmt: skip
    yield from s.register(case, s.at(22, "15:00"), title="双龙至午坡道路扩建", complexity="complex")
    yield from s.assign(case, s.at(21, "09:40"), "transport", complexity="complex", follower="赵德福")
    yield from s.reply(
        case, s.at(12, "10:00"), s.at(12, "17:00"), "分三段扩宽，先做最窄的一段", "设计和招标已经完成，先做 3.2 公里，再接着做后面两段。",
        outcome="planned", planned_on=s.workday(-40),
    )  # fmt: skip
    yield from s.tell(case, s.at(11, "09:00"), "phone")


def schooling(s: Stage) -> Story:
    """残疾人家庭子女上学: confidential; the station itself gathers what helps. Only those who must know see it."""
    case = yield from s.receive(
        s.at(20, "16:00"), "有户人家大人残疾又有病，孩子上学的钱凑不齐，请帮帮忙。", station="0710", category="education",
        village="下院村", channel="representative", follower="龙小妹", by=s.user("longxiaomei"), is_minor=True,
        is_confidential=True, contact=resident(81), title="困难家庭孩子上学",
    )  # fmt: skip
    yield from s.register(case, s.at(19, "09:00"), is_minor=True)
    yield from s.step(s.at(19, "09:10"), actions.handle, case, by=s.user("clerk0710"))
    yield from s.step(
        s.at(18, "14:00"),
        actions.note,
        case,
        by=s.user("clerk0710"),
        text="驻村干部已到家里，村两委下午碰头。",
    )
    yield from s.step(
        s.at(15, "16:00"), actions.report_result, case, by=s.user("clerk0710"), outcome="solved", headline="学费有着落，还有了公益岗位",
        body="党员干部捐了 4150 元交学费，家里大人安排了公益岗位，每月有固定收入。学校免了住宿费。",
    )  # fmt: skip
    yield from s.tell(case, s.at(14, "10:00"), "face")
    yield from s.rate(case, s.at(13, "18:00"), "yes", "satisfied")


def handed_back(s: Stage) -> Story:
    """燕山大道未移交: the unit says it is not theirs; somebody must be found."""
    case = yield from s.receive(
        s.at(6, "10:00"), "燕山大道修好了没人管，路灯不亮、没人扫、车乱停。", station="0110", category="roads", village="春天社区",
        contact=resident(91), photos="s-road",
    )  # fmt: skip
    yield from s.register(case, s.at(6, "11:00"), title="燕山大道建成后没人管")
    yield from s.step(
        s.at(6, "14:00"),
        actions.split,
        case,
        by=s.user("clerk0110"),
        parts=["燕山大道晚上没人扫地。", "燕山大道两边车乱停。"],
    )
    yield from s.assign(case, s.at(5, "09:30"), "urban")
    yield from s.step(
        s.at(2, "16:00"), actions.hand_back, case, by=s.people.officers["urban"], note="这条路还没有移交，路灯不归我们管。",
        right_unit="县住房和城乡建设局",
    )  # fmt: skip


def pavement_redone(s: Stage) -> Story:
    """南门人行道: answered, not solved; sent back by itself with a new date."""
    case = yield from s.receive(
        s.at(19, "08:30"), "新庄小区南门没有人行道，车和人挤在一起，接孩子很险。", station="0110", category="roads", village="新庄社区",
        contact=resident(101), visibility="handlers",
    )  # fmt: skip
    yield from s.register(case, s.at(19, "09:30"), title="新庄小区南门没有人行道")
    yield from s.assign(case, s.at(18, "09:00"), "transport", follower="马海龙")
    yield from s.reply(case, s.at(9, "10:00"), s.at(9, "15:00"), "划了一条临时步道", "先用护栏隔出一条步道。")
    yield from s.tell(case, s.at(8, "09:00"))
    yield from s.rate(case, s.at(4, "21:00"), "no", "dissatisfied", "护栏两天就被撞歪了，等于没有。")


def market_drain(s: Stage, *, end: bool) -> Story:
    """农贸市场排水: twice not solved, so it is the county's."""
    case = yield from s.receive(
        s.at(44, "10:00"), "农贸市场排水不通，卖菜的地方全是水。" if end else "城关农贸市场后面的排水沟又堵又臭。", station="0115",
        category="sanitation", village="南门社区", contact=resident(111 + end), channel="market", follower="王思远",
        by=s.user("clerk0115"), photos="s-market",
    )  # fmt: skip
    yield from s.register(case, s.at(44, "11:00"))
    yield from s.assign(case, s.at(43, "09:00"), "urban", follower="王思远")
    yield from s.reply(case, s.at(37, "10:00"), s.at(36, "10:00"), "清了一次沟", "清掏了排水沟。")
    yield from s.tell(case, s.at(35, "10:00"))
    yield from s.rate(case, s.at(34, "20:00"), "partly", "dissatisfied", "清完第三天又堵了。")
    yield from s.reply(case, s.at(28, "10:00"), s.at(27, "10:00"), "又清了一次沟", "再次清掏，加了格栅。")
    yield from s.tell(case, s.at(26, "10:00"))
    yield from s.rate(case, s.at(16, "20:00"), "no", "dissatisfied", "根子是管子太细。")
    if end:
        yield from s.step(
            s.at(9, "15:00"), actions.close_disputed, case, by=s.user("county"),
            note="县里看了现场：换管列入明年旧城改造，今年每周清掏两次，当面向群众说明。",
        )  # fmt: skip


def school_gate(s: Stage) -> Story:
    """小学门口堵车: the unit let every rung pass; the system itself took it up to the county."""
    case = yield from s.receive(
        s.at(18, "07:50"), "石桥小学门口早晚堵车，孩子过街很险。", category="roads", village="石桥社区", contact=resident(121),
    )  # fmt: skip
    yield from s.register(case, s.at(18, "09:00"), title="石桥小学门口早晚堵车")
    yield from s.assign(case, s.at(17, "09:00"), "traffic-police", follower="杨春梅")
    yield from s.step(s.at(7, "09:00"), actions.urge, case, by=s.user("town"), note="家长又来问，请尽快答复")


def ladders(s: Stage) -> Story:
    """Two urgent matters nobody has called back: their next rungs are due a minute or two from now."""
    water = yield from s.receive(
        s.minutes_ago(3 * 60 - 2.5), "自来水浑，老人喝了拉肚子。", category="utilities", village="石桥社区", contact=resident(131),
        channel="phone", by=s.user("clerk"), is_urgent=True, title="自来水浑，老人拉肚子",
    )  # fmt: skip
    yield from s.register(water, s.minutes_ago(3 * 60 - 10), is_urgent=True)
    yield from s.receive(
        s.minutes_ago(2 * 60 - 2.5), "电线垂到路上，刮风就冒火花。", category="utilities", village="岩上村", contact=resident(132),
        channel="phone", by=s.user("clerk"), is_urgent=True, title="电线垂到路上",
    )  # fmt: skip


def opinion(s: Stage, number: int) -> Story:
    """One of the 22 matters of the street's assembly, with those who said the same merged into it."""
    category, words, goes, others = OPINIONS[number]
    clerk, when = s.user("clerk0110"), s.at(24, "14:30")
    given: dict[str, Any] = {
        "station": "0110",
        "category": category,
        "channel": "representative",
        "follower": "马海龙",
        "by": clerk,
    }
    first = yield from s.receive(when, words, contact=resident(200 + number), **given)
    same = []
    for extra, said in enumerate(others):
        same.append((yield from s.receive(when, said, contact=resident(230 + 5 * number + extra), **given)))
    yield from s.register(first, s.at(23, "09:30"), is_urgent=False)
    for each in same:
        yield from s.step(s.at(23, "10:00"), actions.merge, each, into=first, by=clerk)
    if goes == "answered":
        yield from s.step(
            s.at(23, "15:00"),
            actions.answer,
            first,
            by=clerk,
            headline="已经答复",
            body="下次的时间地点已经贴在社区公告栏，也打电话告诉您了。",
        )
        return
    if goes == "street":
        yield from _street_led(s, first, number)
    else:
        yield from s.assign(first, s.at(22, "09:30"), goes, follower="马海龙")
        headline, body = REPLIES[goes]
        yield from s.reply(first, s.at(16, "10:00"), s.at(15, "16:00"), headline, body)
    told = 12 if number % 3 else 6
    yield from s.tell(first, s.at(told, "10:00"))
    if number % 4 != 3:
        yield from s.rate(first, s.at(told - 1, "19:30"), "yes", "satisfied" if number % 2 else "basically")


def _street_led(s: Stage, case: ConstituentRequest, number: int) -> Story:
    clerk = s.user("clerk0110")
    yield from s.step(s.at(22, "10:00"), actions.handle, case, by=clerk)
    yield from s.step(
        s.at(19, "16:00"), actions.report_result, case, by=clerk, outcome="solved", headline="街道牵头办好了",
        body="街道请社区、物业和住户代表一起到现场定下办法，已经照办。社区网格员每周看一次。",
    )  # fmt: skip


def everyday(s: Stage, number: int) -> Story:
    """Half a year of ordinary matters, answered by turns on time and rated as people rate."""
    station, village, category, unit, words, result = EVERYDAY[number % len(EVERYDAY)]
    begins = 100 - 3 * number
    case = yield from s.receive(
        s.at(begins, "10:15"), words, station=station, category=category, village=village, contact=resident(300 + number),
        channel=("web", "phone", "walk_in", "qr")[number % 4], photos="s-road" if category == "roads" else "",
    )  # fmt: skip
    yield from s.register(case, s.at(begins, "15:00"))
    if unit:
        yield from s.assign(case, s.at(begins - 1, "09:00"), unit)
        yield from s.reply(case, s.at(begins - 6, "10:00"), s.at(begins - 6, "16:00"), *REPLIES[unit])
    else:
        yield from s.step(s.at(begins - 1, "09:00"), actions.handle, case, by=s.clerk(case))
        yield from s.step(
            s.at(begins - 4, "16:00"),
            actions.report_result,
            case,
            by=s.clerk(case),
            outcome="solved",
            headline=result[:30],
            body=result + "。",
        )
    if number % 2 == 0:
        yield from s.step(s.at(begins - 7, "09:00"), actions.publish, case, by=s.clerk(case))
    yield from s.tell(case, s.at(begins - 7, "09:30"))
    if number % 5 != 4:
        solved, satisfied = (("yes", "satisfied"), ("yes", "satisfied"), ("yes", "basically"), ("yes", ""))[
            number % 4
        ]
        yield from s.rate(case, s.at(begins - 8, "20:00"), solved, satisfied)


def all_of(s: Stage) -> Iterator[Story]:
    yield s.sweeps(105)
    for tell in (
        street_lamp, lamps_again, fresh, dead_tree, water_pump, toilet, drinking_water, road_promised, schooling,
        handed_back, pavement_redone, school_gate, ladders,
    ):  # fmt: skip
        yield tell(s)
    yield from corners(s)
    yield market_drain(s, end=True)
    yield market_drain(s, end=False)
    yield from (opinion(s, number) for number in range(len(OPINIONS)))
    yield from (everyday(s, number) for number in range(28))
