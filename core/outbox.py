"""The outbox: messages written in the transaction of the event, sent by workers that claim them row by row.

Pattern D of the security design: the broker only nudges (`core.tasks.deliver_messages`), the truth stands here, so the
broker may be wiped at any moment and nothing is lost or sent twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Q
from django.template import Context
from django.template.loader import get_template
from django.utils import timezone

from core import channels
from core.cases import case_of
from core.models.message import Message
from core.privacy import mask_text
from core.rows import insert_new

if TYPE_CHECKING:
    from core.models import Case

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 20, 40, 60, 120, 180, 240, 300, 360))
QUIET_FROM, QUIET_TO = 21, 8  # 21:00-8:00, urgent messages excepted
# After the broker failed once, nobody waits for it again for this long: beat drains the outbox all the same.
BROKER_REST_SECONDS = 10.0
IN_DOUBT = "发送时中断，不知是否已发出，请人工核实"
DIGEST_TEMPLATE = "core/notices/ladder_digest.txt"

Channel = Message.Channel

# A worker that is awake goes on until nothing waits: more calls than these would find it at work.
NUDGE_SECONDS = 0.5

_broker_rests_until = 0.0
_nudged_at = 0.0


@dataclass(frozen=True)
class Recipient:
    """Who hears it: a user of ours, or the contact a case holds (resolved when sending, never stored here)."""

    user_id: int | None = None
    contact_ref: str = ""

    @classmethod
    def user(cls, user: Any) -> Recipient:
        return cls(user_id=user.pk)

    @classmethod
    def contact_of(cls, case: Case) -> Recipient:
        return cls(contact_ref=f"{case.label}:{case.pk}")

    @property
    def key(self) -> str:
        return f"u{self.user_id}" if self.user_id is not None else self.contact_ref


class Notice:
    """A kind of message: its key, its channels, its template `<app>/notices/<name>.txt`.

    The first line of the template is the subject, the rest the text; a text of SMS length is the rule. `digest` kinds
    go out at most once a day to each person and channel, all that are waiting in one message.
    """

    key: ClassVar[str]
    template: ClassVar[str]
    channels: ClassVar[tuple[str, ...]] = (Channel.INBOX,)
    urgent: ClassVar[bool] = False
    digest: ClassVar[bool] = False


def post(
    notice: type[Notice],
    *,
    to: Iterable[Recipient],
    about: Case | None,
    dedupe: str,
    context: Mapping[str, Any] | None = None,
) -> None:
    """Queue a notice to each recipient on each of its channels, once per `dedupe`. Only inside a transaction.

    `context` holds numbers, codes, dates and links, never a person's words or number.
    """
    post_rows(rows_of(notice, to=to, about=about, dedupe=dedupe, context=context, now=timezone.now()))


def rows_of(
    notice: type[Notice],
    *,
    to: Iterable[Recipient],
    about: Case | None,
    dedupe: str,
    context: Mapping[str, Any] | None,
    now: datetime,
) -> list[Message]:
    """The outbox rows of one notice, unsaved: somebody who is named twice hears it once."""
    plain = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in (context or {}).items()
    }
    return [
        Message(
            kind=notice.key,
            channel=channel,
            dedupe=f"{notice.key}:{dedupe}:{recipient.key}:{channel}",
            recipient_id=recipient.user_id,
            contact_ref=recipient.contact_ref,
            case_label=about.label if about is not None else "",
            case_id=about.pk if about is not None else None,
            context=plain,
            is_urgent=notice.urgent,
            created_at=now,
            next_try_at=now,
            sent_at=now if channel == Channel.INBOX else None,
        )
        for recipient in dict.fromkeys(to)
        for channel in channels_for(notice, recipient)
    ]


def post_rows(rows: list[Message]) -> None:
    """Insert outbox rows; one that was posted before is left alone. Wakes a worker after the commit."""
    if not connection.in_atomic_block:
        raise RuntimeError("post() needs the transaction of its action.")
    rows = _with_an_address(rows)
    if not rows:
        return
    insert_new(rows)
    if any(row.sent_at is None for row in rows):
        transaction.on_commit(nudge)


def _with_an_address(rows: list[Message]) -> list[Message]:
    """Leave out what could never be sent: a colleague without a mailbox reads the inbox, that is no failure."""
    outside = {row.recipient_id for row in rows if row.channel in (Channel.EMAIL, Channel.SMS)} - {None}
    if not outside:
        return rows
    people = get_user_model()._default_manager.in_bulk(outside)
    reachable = {(pk, Channel.EMAIL) for pk, user in people.items() if user.email}
    reachable |= {(pk, Channel.SMS) for pk, user in people.items() if user.phone}
    return [
        row
        for row in rows
        if row.recipient_id is None
        or row.channel not in (Channel.EMAIL, Channel.SMS)
        or (row.recipient_id, row.channel) in reachable
    ]


def channels_for(notice: type[Notice], recipient: Recipient) -> tuple[str, ...]:
    """An outsider has no inbox; a user hears on every channel the notice names and the site has configured."""
    if recipient.user_id is None:
        return tuple(c for c in notice.channels if c == Channel.SMS)
    return tuple(c for c in notice.channels if c != Channel.SMS or channels.sms_is_configured())


def nudge() -> None:
    """Wake a worker, not more than twice a second. A broker that is down only delays: beat drains the outbox too."""
    global _broker_rests_until, _nudged_at
    from core.tasks import deliver_messages

    now = time.monotonic()
    if now < _broker_rests_until or now - _nudged_at < NUDGE_SECONDS:
        return
    _nudged_at = now
    try:
        deliver_messages.apply_async(expires=2, retry=False)
    except Exception:  # the broker's client raises many kinds; none may reach the person at the form
        _broker_rests_until = time.monotonic() + BROKER_REST_SECONDS
        logger.warning("broker is not reachable, beat will deliver")


# --- words


def render(message: Message, *, case: Case | None = None) -> tuple[str, str]:
    """(subject, text) of a message, in the words of its template. Raises LookupError for a kind nobody declares.

    `case` is the message's case where a list has read the cases of all its messages at once.
    """
    return _write(notice_of(message.kind).template, _words(message, case))


def render_digest(messages: list[Message]) -> tuple[str, str]:
    """Several reminders as one: how many are late, how many soon, and the first of them."""
    items = [_words(message) | {"reference": _reference(message)} for message in messages]
    late = sum(1 for item in items if item.get("offset", 0) > 0)
    return _write(DIGEST_TEMPLATE, {"items": items, "late": late, "soon": len(items) - late, **_site()})


def _write(template: str, words: dict[str, Any]) -> tuple[str, str]:
    # Plain text: nothing is escaped as if it were a page.
    text = get_template(template).template.render(Context(words, autoescape=False)).strip()  # type: ignore[attr-defined]
    subject, _newline, body = text.partition("\n")
    return subject.strip(), " ".join(body.split())


def _site() -> dict[str, str]:
    return {"site_url": settings.SITE_URL, "brand": settings.SITE_BRAND}


def _words(message: Message, case: Case | None = None) -> dict[str, Any]:
    """What a template may say: the case's number and category, and the context with its dates as dates again."""
    if case is None and message.case_id is not None:
        case = case_of(message.case_label, message.case_id)
    words = {name: _as_date(name, value) for name, value in message.context.items()}
    if case is not None and "clock" in words:
        words["clock_label"] = case.workflow.clocks.get(words["clock"], words["clock"])
    return {"case": case, **_site(), **words}


def _as_date(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if value and name.endswith("_on") else value


def _reference(message: Message) -> str:
    return case_of(message.case_label, message.case_id).reference if message.case_id is not None else ""


def notice_of(key: str) -> type[Notice]:
    """The notice of a message's kind. Raises LookupError."""
    return _notices()[key]


def _notices() -> dict[str, type[Notice]]:
    found: dict[str, type[Notice]] = {}
    stack = list(Notice.__subclasses__())
    while stack:
        kind = stack.pop()
        if hasattr(kind, "key"):
            found[kind.key] = kind
        stack += kind.__subclasses__()
    return found


def _digest_kinds() -> list[str]:
    return [key for key, notice in _notices().items() if notice.digest and not notice.urgent]


# --- sending


def deliver(*, limit: int = 200, now: datetime | None = None) -> int:
    """Claim and send up to `limit` times what is waiting, each in transactions of its own. Gives how many rows went out.

    Claim with a lease, commit, send, mark: no lock is held across a provider's call, one poison row delays nobody.
    """
    sent = 0
    for _round in range(limit):
        moment = now or timezone.now()
        claimed = _claim(moment)
        if claimed is None:
            break
        sent += _send(claimed, moment) if claimed else 0
    return sent


def _claim(now: datetime) -> list[Message] | None:
    """The next message to send, a digest's whole bundle, an empty list when it only had to be put off, or None."""
    with transaction.atomic():
        waiting = Message.objects.select_for_update(skip_locked=True, of=("self",)).waiting(now)
        if is_quiet(now):
            # The phone stays silent; what a mailbox gets at night nobody hears.
            waiting = waiting.exclude(channel=Channel.SMS, is_urgent=False)
        message = waiting.order_by("attempts", "next_try_at", "pk").first()
        if message is None:
            return None
        if _may_have_gone_out(message):
            # A crash between the gateway's call and our mark: it may have gone out. Alarm, never send blindly again.
            _bury([message], now, IN_DOUBT)
            return []
        bundle = [message]
        if message.kind in _digest_kinds():
            bundle = list(_same_digest(message, now))
            later = _digest_later(message, now)
            if later is not None:
                _mark(bundle, next_try_at=later)
                return []
        for each in bundle:
            each.attempts += 1
        Message.objects.bulk_update(bundle, ["attempts"])
        _mark(bundle, sending_at=now, next_try_at=now + LEASE)
        return bundle


def _may_have_gone_out(message: Message) -> bool:
    return message.sending_at is not None and _must_not_repeat(message)


def _must_not_repeat(message: Message) -> bool:
    """A gateway that knows no keys would send a second call as a second message."""
    return message.channel == Channel.SMS and not settings.SMS_GATEWAY_IDEMPOTENT


def is_quiet(now: datetime) -> bool:
    return not QUIET_TO <= timezone.localtime(now).hour < QUIET_FROM


def _same_digest(message: Message, now: datetime) -> Iterable[Message]:
    """All reminders to the same person on the same channel that are waiting now."""
    return (
        Message.objects.select_for_update(skip_locked=True, of=("self",))
        .waiting(now)
        .filter(
            kind__in=_digest_kinds(),
            channel=message.channel,
            recipient_id=message.recipient_id,
            contact_ref=message.contact_ref,
        )
        .order_by("pk")
    )


def _digest_later(message: Message, now: datetime) -> datetime | None:
    """When a digest has to wait: until the morning, and until tomorrow when today's has gone out."""
    local = timezone.localtime(now)
    morning = local.replace(hour=QUIET_TO, minute=0, second=0, microsecond=0)
    if local < morning:
        return morning
    sent_today = Message.objects.filter(
        Q(recipient_id=message.recipient_id, contact_ref=message.contact_ref, channel=message.channel),
        kind__in=_digest_kinds(),
        sent_at__gte=local.replace(hour=0, minute=0, second=0, microsecond=0),
    ).exists()
    return morning + timedelta(days=1) if sent_today or is_quiet(now) else None


def _send(bundle: list[Message], now: datetime) -> int:
    """Send one message, or a bundle under its first one's key; a crash in between repeats the call, not the effect."""
    try:
        words = render(bundle[0]) if len(bundle) == 1 else render_digest(bundle)
        channels.send(bundle[0], *words)
    except channels.NoAddress as problem:
        _bury(bundle, now, str(problem))
        return 0
    except channels.Unsure as problem:
        if _must_not_repeat(bundle[0]):
            _bury(bundle, now, f"{IN_DOUBT}（{problem}）")
        else:
            _retry_later(bundle, now, problem)
        return 0
    except (
        Exception
    ) as problem:  # a provider may fail in any way; the row says how, and waits longer each time
        _retry_later(bundle, now, problem)
        return 0
    _mark(bundle, sent_at=now, sending_at=None, last_error="")
    return len(bundle)


def _retry_later(bundle: list[Message], now: datetime, problem: Exception) -> None:
    reason = f"{type(problem).__name__}: {problem}"
    attempts = max(message.attempts for message in bundle)
    if attempts >= len(BACKOFF):
        _bury(bundle, now, reason)
        return
    _mark(bundle, sending_at=None, last_error=_short(reason), next_try_at=now + BACKOFF[attempts - 1])


def _bury(bundle: list[Message], now: datetime, reason: str) -> None:
    _mark(bundle, dead_at=now, sending_at=None, last_error=_short(reason))
    logger.error("message %s is dead: %s", bundle[0].pk, _short(reason))


def _short(reason: str) -> str:
    """A provider's answer may repeat the number it was given: nothing of that kind is kept."""
    return mask_text(reason)[:200]


def _mark(bundle: list[Message], **columns: Any) -> None:
    Message.objects.filter(pk__in=[message.pk for message in bundle]).update(**columns)
