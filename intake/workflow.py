"""The life of a request on one screen: states, who may move it, which clock starts, how every ending reaches the resident.

Turning a request into a proposal is a link and a standing, not a state. Source: the field's chain 接待有登记, 登记有处理,
处理有结果, 结果有反馈; deadlines stand in the rule packs.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.models.event import ActorKind
from core.workflow import ALL, KEEP, RESUME, Transition, table
from intake import notices, rules
from intake.models.states import STATES

# Clocks: their lengths stand in the rule packs, these are their names on desks.
CLOCKS = {
    "request.register": _("登记"),
    "request.triage": _("分办"),
    "request.answer": _("答复"),
    "request.station": _("站内办理"),
    "request.unit": _("单位答复"),
    "request.return_window": _("退办"),
    "request.reassign": _("改派"),
    "request.county": _("县级交办"),
    "request.contact": _("联系群众"),
    "request.supplement": _("群众补充"),
    "request.feedback": _("反馈"),
    "request.rating": _("评价"),
    "request.callback": _("回访"),
    "request.rehandle": _("重办"),
    "request.followup": _("落实"),
}

RESIDENT = frozenset({ActorKind.USER, ActorKind.RESIDENT})
SYSTEM = frozenset({ActorKind.USER, ActorKind.SYSTEM})
SYSTEM_ONLY = frozenset({ActorKind.SYSTEM})

TRIAGE = ("received", "registered", "handling", "returned", "escalated")
WITH_UNIT = ("assigned", "redoing", "following")
WORKED = (
    "registered",
    "handling",
    "assigned",
    "signing",
    "returned",
    "escalated",
    "waiting",
    "redoing",
    "disputed",
    "following",
)
OPEN = ("received", *WORKED, "merged", "replied", "told", "callback")
# While no answer has reached the resident they may take it back.
UNANSWERED = ("received", *(state for state in WORKED if state != "disputed"), "merged")

WORKFLOW = table(
    "intake.request",
    "received",
    STATES,
    [
        # --- 登记
        Transition("register", _("登记受理"), ("received",), "registered", rules.may_register,
                   starts=("request.triage", "request.answer"), stops=("request.register",)),
        Transition("reject", _("不予登记"), ("received",), "rejected", rules.may_register, stops=ALL,
                   feedback=_("不予登记的原因当场写明，查询页看得到，就是反馈。")),
        # --- 处理
        Transition("answer", _("当场答复"), ("registered",), "told", rules.may_triage, stops=ALL, starts=("request.rating",),
                   feedback=_("当面说清，就是反馈。")),
        Transition("refer", _("转其他渠道"), TRIAGE, "referred", rules.may_triage, stops=ALL,
                   feedback=_("告诉群众该去哪里，就是反馈。")),
        Transition("handle", _("站内办理"), ("registered",), "handling", rules.may_triage,
                   starts=("request.station",), stops=("request.triage",)),
        Transition("assign", _("交办"), ("registered", "handling", "escalated", "disputed"), "assigned", rules.may_assign,
                   starts=("request.unit", "request.return_window"),
                   stops=("request.triage", "request.station", "request.county")),
        Transition("hand_back", _("退回（不归我单位办）"), ("assigned",), "returned", rules.may_hand_back,
                   starts=("request.reassign",), stops=("request.return_window",)),
        Transition("refuse_return", _("不同意退回"), ("returned",), "assigned", rules.may_assign, stops=("request.reassign",)),
        Transition("reassign", _("改派"), ("returned", "assigned", "redoing"), "assigned", rules.may_assign,
                   starts=("request.unit", "request.return_window"), stops=("request.reassign", "request.rehandle")),
        Transition("coordinate", _("开协调会"), ("returned",), KEEP, rules.may_assign),
        Transition("escalate", _("上报县级"),
                   ("received", "registered", "handling", "assigned", "signing", "returned", "redoing", "following"), "escalated",
                   rules.may_escalate, starts=("request.county",),
                   stops=("request.register", "request.triage", "request.station", "request.unit", "request.return_window",
                          "request.reassign", "request.rehandle", "request.followup"), actors=SYSTEM),
        Transition("hand_down", _("下交乡镇"), ("escalated", "disputed"), "registered", rules.may_hand_down,
                   starts=("request.triage",), stops=("request.county",)),
        Transition("ask", _("请群众补充"), ("registered", "handling", "assigned", "redoing"), "waiting", rules.may_ask,
                   starts=("request.supplement",), pauses=True, remembers=True),
        Transition("supplement", _("群众补充"), ("waiting",), RESUME, rules.may_triage, resumes=True,
                   stops=("request.supplement",), actors=RESIDENT),
        Transition("carry_on", _("没等到补充，接着办"), ("waiting",), RESUME, rules.may_triage, resumes=True,
                   stops=("request.supplement",), actors=SYSTEM),
        Transition("refer_along", _("同类一起转其他渠道"), ("merged",), "referred", rules.nobody, stops=ALL, actors=SYSTEM_ONLY,
                   feedback=_("告诉群众该去哪里，就是反馈。")),
        Transition("withdraw", _("撤回"), UNANSWERED,
                   "withdrawn", rules.may_triage, stops=ALL, actors=RESIDENT,
                   feedback=_("群众自己撤回，不必再反馈。")),
        Transition("request_extension", _("申请延期"), ("assigned", "redoing"), KEEP, rules.may_reply),
        Transition("extend", _("批准延期"), ("assigned", "redoing", "handling"), KEEP, rules.may_extend),
        Transition("refuse_extension", _("不同意延期"), ("assigned", "redoing"), KEEP, rules.may_extend),
        Transition("split", _("拆分"), ("registered", "handling"), KEEP, rules.may_merge),
        Transition("merge", _("合并"), ("received", "registered"), "merged", rules.may_merge, pauses=True, remembers=True),
        Transition("unmerge", _("撤销合并"), ("merged",), RESUME, rules.may_unmerge, resumes=True, actors=SYSTEM),
        # Not a case under review: its end would leave those merged into it without an answer.
        Transition("absorb", _("并入同类"), tuple(state for state in WORKED if state != "disputed"), KEEP, rules.may_merge),
        Transition("release", _("拆出同类"), OPEN, KEEP, rules.may_merge, actors=frozenset(ActorKind)),
        # --- 结果
        Transition("submit_reply", _("送审答复"), WITH_UNIT, "signing", rules.may_reply, remembers=True),
        Transition("send_back_draft", _("退回修改"), ("signing",), RESUME, rules.may_sign),
        Transition("sign", _("签发答复"), ("signing",), "replied", rules.may_sign, starts=("request.feedback",),
                   stops=("request.unit", "request.return_window", "request.answer", "request.rehandle", "request.followup")),
        Transition("report_result", _("登记办理结果"), ("handling", "redoing", "following"), "replied", rules.may_report_result,
                   starts=("request.feedback",),
                   stops=("request.station", "request.answer", "request.rehandle", "request.followup")),
        # --- 反馈
        # Those merged into it hear the same, each by an event of the system, and stay merged while a plan is followed.
        Transition("feed_back", _("告诉群众结果"), ("replied", "merged"), "told", rules.may_tell,
                   starts=("request.rating",), stops=ALL, actors=SYSTEM),
        Transition("promise", _("告诉群众计划"), ("replied",), "following", rules.may_feed_back,
                   starts=("request.followup",), stops=ALL),
        Transition("promise_along", _("告诉合并的群众计划"), ("merged",), KEEP, rules.nobody, actors=SYSTEM_ONLY),
        Transition("log_call", _("记一次联系"), ("replied", "told", "callback"), KEEP, rules.may_feed_back),
        Transition("rate", _("评价"), ("told", "callback"), "closed", rules.may_feed_back, stops=ALL, actors=RESIDENT),
        Transition("rate_partly", _("评价（部分解决、说不清）"), ("told",), "callback", rules.may_feed_back,
                   starts=("request.callback",), stops=("request.rating",), actors=RESIDENT),
        Transition("send_back", _("不满意，退回重办"), ("told", "callback"), "redoing", rules.may_feed_back,
                   starts=("request.rehandle",), stops=ALL, new_round=True, actors=RESIDENT),
        Transition("dispute", _("再次不满意，县级复核"), ("told", "callback"), "disputed", rules.may_feed_back,
                   starts=("request.county",), stops=ALL, new_round=True, actors=RESIDENT),
        Transition("settle", _("回访后办结"), ("callback",), "closed", rules.may_feed_back, stops=ALL),
        Transition("lapse", _("评价时间已过"), ("told",), "closed", rules.may_lapse, stops=ALL, actors=SYSTEM),
        Transition("close_disputed", _("复核后办结"), ("disputed",), "closed_disputed", rules.may_hand_down, stops=ALL),
        Transition("archive", _("归档"), ("closed", "closed_disputed", "referred", "rejected", "withdrawn"), "archived",
                   rules.may_close, feedback=_("办结时已经反馈。")),
        # --- 随时
        Transition("follow", _("请代表跟进"), OPEN, KEEP, rules.may_triage),
        Transition("mark_urgent", _("标为加急"), ("received", *WORKED), KEEP, rules.may_triage, starts=("request.contact",)),
        # Danger first: the telephone call does not wait for the registration.
        Transition("contacted", _("已联系上群众"), ("received", *WORKED), KEEP, rules.may_triage, stops=("request.contact",)),
        Transition("recategorise", _("改分类"), OPEN, KEEP, rules.may_triage),
        Transition("publish", _("公开办理情况"), (*OPEN, "closed", "closed_disputed"), KEEP, rules.may_triage),
        Transition("unpublish", _("不再公开"), (*OPEN, "closed", "closed_disputed"), KEEP, rules.may_triage),
        Transition("add", _("群众追加"), OPEN, KEEP, rules.may_triage, actors=RESIDENT),
        Transition("note", _("内部备注"), OPEN, KEEP, rules.may_note),
        Transition("urge", _("催办"), WORKED, KEEP, rules.may_urge),
        Transition("remind", _("到期提醒"), OPEN, KEEP, rules.nobody, actors=SYSTEM_ONLY),
        # A boundary moves: who is responsible changes, for the cases of the past too.
        Transition("relocate", _("区划调整"), tuple(state.name for state in STATES), KEEP, rules.nobody, actors=SYSTEM),
    ],
    hearers=notices.HEARERS,
    clocks=CLOCKS,
    rights=frozenset({"request.return_window"}),
    windows=frozenset({"request.rating", "request.supplement"}),
)  # fmt: skip
