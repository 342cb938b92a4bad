"""The outbox: messages written in the transaction of the event, sent by workers that claim them row by row.

Pattern D of the security design: the broker only nudges (`core.tasks.deliver_messages`), the truth stands here, so the
broker may be wiped at any moment and nothing is lost or sent twice.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from core import channels
from core.cases import case_of
from core.models.message import Message

if TYPE_CHECKING:
    from core.models import Case

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 20, 40, 60, 120, 180, 240, 300, 360))
QUIET_FROM, QUIET_TO = 21, 8  # 21:00-8:00, urgent messages excepted

Channel = Message.Channel


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

    The first line of the template is the subject, the rest the text; a text of SMS length is the rule.
    """

    key: ClassVar[str]
    template: ClassVar[str]
    channels: ClassVar[tuple[str, ...]] = (Channel.INBOX,)
    urgent: ClassVar[bool] = False


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
    if not connection.in_atomic_block:
        raise RuntimeError("post() needs the transaction of its action.")
    now = timezone.now()
    rows = [
        Message(
            kind=notice.key,
            channel=channel,
            dedupe=f"{notice.key}:{dedupe}:{recipient.key}:{channel}",
            recipient_id=recipient.user_id,
            contact_ref=recipient.contact_ref,
            case_label=about.label if about is not None else "",
            case_id=about.pk if about is not None else None,
            context=dict(context or {}),
            is_urgent=notice.urgent,
            created_at=now,
            next_try_at=now,
            sent_at=now if channel == Channel.INBOX else None,
        )
        for recipient in to
        for channel in channels_for(notice, recipient)
    ]
    post_rows(rows)


def post_rows(rows: list[Message]) -> None:
    """Insert outbox rows; one that was posted before is left alone. Wakes a worker after the commit."""
    if not rows:
        return
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    if any(row.sent_at is None for row in rows):
        transaction.on_commit(nudge)


def channels_for(notice: type[Notice], recipient: Recipient) -> tuple[str, ...]:
    """An outsider has no inbox; a user hears on every channel the notice names and the site has configured."""
    if recipient.user_id is None:
        return tuple(c for c in notice.channels if c == Channel.SMS)
    return tuple(c for c in notice.channels if c != Channel.SMS or channels.sms_is_configured())


def nudge() -> None:
    """Wake a worker. A broker that is down only delays: beat drains the outbox every few seconds."""
    from core.tasks import deliver_messages

    try:
        deliver_messages.apply_async(expires=2, retry=False)
    except Exception:  # the broker's client raises many kinds; none may reach the person at the form
        logger.warning("broker is not reachable, beat will deliver")


def render(message: Message) -> tuple[str, str]:
    """(subject, text) of a message, in the words of its template."""
    notice = notice_of(message.kind)
    if notice is None:
        return message.kind, ""
    case = case_of(message.case_label, message.case_id) if message.case_id is not None else None
    text = render_to_string(
        notice.template,
        {"case": case, "site_url": settings.SITE_URL, "brand": settings.SITE_BRAND, **message.context},
    ).strip()
    subject, _newline, body = text.partition("\n")
    return subject.strip(), " ".join(body.split())


def notice_of(key: str) -> type[Notice] | None:
    return _notices().get(key)


def _notices() -> dict[str, type[Notice]]:
    found: dict[str, type[Notice]] = {}
    stack = list(Notice.__subclasses__())
    while stack:
        kind = stack.pop()
        found[kind.key] = kind
        stack += kind.__subclasses__()
    return found


# --- sending


def deliver(*, limit: int = 200, now: datetime | None = None) -> int:
    """Claim and send up to `limit` waiting messages, each in transactions of its own. Gives how many went out.

    Claim with a lease, commit, send, mark: no lock is held across a provider's call, one poison row delays nobody.
    """
    sent = 0
    for _round in range(limit):
        moment = now or timezone.now()
        message = _claim(moment)
        if message is None:
            break
        sent += _send(message, moment)
    return sent


def _claim(now: datetime) -> Message | None:
    with transaction.atomic():
        message = (
            Message.objects.select_for_update(skip_locked=True)
            .waiting(now)
            .order_by("attempts", "next_try_at")
            .first()
        )
        if message is None:
            return None
        if (
            message.sending_at is not None
            and message.channel == Channel.SMS
            and not channels.sms_has_idempotency_key()
        ):
            # A crash between the gateway's call and our mark: it may have gone out. Alarm, never send blindly again.
            _bury(message, now, "发送时中断，不知是否已发出，请人工核实")
            return _claim(now)
        quiet_until = _quiet_until(message, now)
        if quiet_until is not None:
            message.next_try_at = quiet_until
            message.save(update_fields=["next_try_at"])
            return _claim(now)
        message.attempts += 1
        message.sending_at = now
        message.next_try_at = now + LEASE
        message.save(update_fields=["attempts", "sending_at", "next_try_at"])
        return message


def _quiet_until(message: Message, now: datetime) -> datetime | None:
    """The end of the quiet hours, when this message has to wait for it."""
    if message.is_urgent or message.channel == Channel.EMAIL:
        return None
    local = timezone.localtime(now)
    if QUIET_TO <= local.hour < QUIET_FROM:
        return None
    morning = local.replace(hour=QUIET_TO, minute=0, second=0, microsecond=0)
    return morning if local.hour < QUIET_TO else morning + timedelta(days=1)


def _send(message: Message, now: datetime) -> int:
    try:
        channels.send(message, *render(message))
    except channels.NoAddress as problem:
        _bury(message, now, str(problem))
        return 0
    except (
        Exception
    ) as problem:  # a provider may fail in any way; the row says how, and waits longer each time
        _retry_later(message, now, problem)
        return 0
    message.sent_at, message.sending_at, message.last_error = now, None, ""
    message.save(update_fields=["sent_at", "sending_at", "last_error"])
    return 1


def _retry_later(message: Message, now: datetime, problem: Exception) -> None:
    reason = f"{type(problem).__name__}: {problem}"[:200]
    if message.attempts >= len(BACKOFF):
        _bury(message, now, reason)
        return
    message.sending_at, message.last_error = None, reason
    message.next_try_at = now + BACKOFF[message.attempts - 1]
    message.save(update_fields=["sending_at", "last_error", "next_try_at"])


def _bury(message: Message, now: datetime, reason: str) -> None:
    message.dead_at, message.sending_at, message.last_error = now, None, reason[:200]
    message.save(update_fields=["dead_at", "sending_at", "last_error"])
    logger.error("message %s is dead: %s", message.pk, reason)
