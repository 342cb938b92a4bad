"""The states of a request, with the words of desks and of the resident's line of four stations."""

from django.utils.translation import gettext_lazy as _

from core.workflow import State

RECEIVED = State("received", _("待登记"), station=1, public_label=_("已收到，等联络站登记"))
REGISTERED = State("registered", _("待分办"), station=2, public_label=_("已登记，正在安排谁来办"))
HANDLING = State("handling", _("站内办理"), station=2, public_label=_("联络站正在办"))
ASSIGNED = State("assigned", _("单位办理"), station=2, public_label=_("有关单位正在办"))
SIGNING = State("signing", _("待签发"), station=2, public_label=_("办理单位正在审核答复"))
RETURNED = State("returned", _("退回待改派"), station=2, public_label=_("正在重新安排谁来办"))
ESCALATED = State("escalated", _("县级待交办"), station=2, public_label=_("已上报县里，正在安排谁来办"))
WAITING = State("waiting", _("等群众补充"), station=2, public_label=_("等您补充情况"))
MERGED = State("merged", _("合并办理"), station=2, public_label=_("和同样的问题一起办"))
REPLIED = State("replied", _("待反馈"), station=3, public_label=_("有结果了，联络站正要告诉您"))
TOLD = State("told", _("待评价"), station=4, public_label=_("有结果了，请您评价"))
CALLBACK = State("callback", _("待回访"), station=4, public_label=_("联络站会打电话问您"))
REDOING = State("redoing", _("退回重办"), station=2, public_label=_("已经退回重办"))
DISPUTED = State("disputed", _("县级复核"), station=2, public_label=_("县代表工委正在复核"))
FOLLOWING = State("following", _("跟踪落实"), station=3, public_label=_("答应了日期，我们盯着落实"))
CLOSED = State("closed", _("已办结"), closes=True, station=4, public_label=_("已办结"))
CLOSED_DISPUTED = State(
    "closed_disputed", _("有争议办结"), closes=True, station=4, public_label=_("县里复核后办结")
)
REJECTED = State("rejected", _("不予登记"), closes=True, station=1, public_label=_("没有登记，原因见下面"))
REFERRED = State("referred", _("转其他渠道"), closes=True, station=2, public_label=_("要走别的渠道，见下面"))
WITHDRAWN = State("withdrawn", _("群众撤回"), closes=True, station=1, public_label=_("您已撤回"))
ARCHIVED = State("archived", _("已归档"), closes=True, station=4, public_label=_("已办结"))

STATES = (
    RECEIVED,
    REGISTERED,
    HANDLING,
    ASSIGNED,
    SIGNING,
    RETURNED,
    ESCALATED,
    WAITING,
    MERGED,
    REPLIED,
    TOLD,
    CALLBACK,
    REDOING,
    DISPUTED,
    FOLLOWING,
    CLOSED,
    CLOSED_DISPUTED,
    REJECTED,
    REFERRED,
    WITHDRAWN,
    ARCHIVED,
)
