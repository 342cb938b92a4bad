"""One line per step: the verb, what must be filled in, what is done."""

from django.utils.translation import gettext_lazy as _

from core.steps import NoteForm, Step
from intake import actions
from intake.forms import steps as forms

STEPS = [
    Step("register", forms.RegisterForm, actions.register),
    Step("reject", NoteForm, actions.reject, danger=True),
    Step("answer", forms.AnswerForm, actions.answer),
    Step("refer", forms.ReferForm, actions.refer),
    Step("handle", forms.PlainForm, actions.handle),
    Step("assign", forms.AssignForm, actions.assign),
    Step("hand_back", forms.HandBackForm, actions.hand_back),
    Step("refuse_return", NoteForm, actions.refuse_return),
    Step("reassign", forms.AssignForm, actions.reassign),
    Step("coordinate", NoteForm, actions.coordinate),
    Step("escalate", forms.OptionalNoteForm, actions.escalate),
    Step("hand_down", NoteForm, actions.hand_down),
    Step("ask", forms.AskForm, actions.ask),
    Step("supplement", forms.SupplementForm, actions.supplement, label=_("代群众补充")),
    Step("carry_on", forms.PlainForm, actions.carry_on),
    Step("withdraw", forms.OptionalNoteForm, actions.withdraw, label=_("群众要求撤回"), danger=True),
    Step("request_extension", forms.ExtensionForm, actions.request_extension),
    Step("extend", forms.ExtensionForm, actions.extend),
    Step("refuse_extension", NoteForm, actions.refuse_extension),
    Step("split", forms.SplitForm, actions.split),
    Step("merge", forms.MergeForm, actions.merge),
    Step("unmerge", forms.PlainForm, actions.unmerge),
    Step("submit_reply", forms.ReplyForm, actions.submit_reply),
    Step("send_back_draft", NoteForm, actions.send_back_draft),
    Step("sign", forms.PlainForm, actions.sign),
    Step("report_result", forms.ReplyForm, actions.report_result),
    Step("feed_back", forms.FeedBackForm, actions.feed_back),
    Step("log_call", forms.CallForm, actions.log_call),
    Step("rate", forms.RateForm, actions.rate, label=_("记下群众的评价")),
    Step("settle", NoteForm, actions.settle),
    Step("lapse", forms.PlainForm, actions.lapse, label=_("未联系上，按未评价办结")),
    Step("close_disputed", NoteForm, actions.close_disputed),
    Step("archive", forms.PlainForm, actions.archive),
    Step("follow", forms.FollowForm, actions.follow),
    Step("mark_urgent", forms.OptionalNoteForm, actions.mark_urgent),
    Step("contacted", NoteForm, actions.contacted),
    Step("recategorise", forms.RecategoriseForm, actions.recategorise),
    Step("publish", forms.PlainForm, actions.publish),
    Step("unpublish", forms.PlainForm, actions.unpublish),
    Step("add", forms.TextForm, actions.add, label=_("代群众追加")),
    Step("note", forms.TextForm, actions.note),
    Step("urge", NoteForm, actions.urge),
]

# Verbs of the table that are no step of their own: the action of another step fires them.
WITHIN = {
    "rate_partly": "rate",
    "send_back": "rate",
    "dispute": "rate",
    "promise": "feed_back",
    "promise_along": "feed_back",
    "refer_along": "refer",
    "absorb": "merge",
    "release": "unmerge",
    "remind": "sweep",
    "relocate": "move_boundary",
}
