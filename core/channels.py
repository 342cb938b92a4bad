"""Adapters to the outside: e-mail, an SMS gateway and a webhook, both signed HTTP. The console until one is configured."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import logging
import socket
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from core.cases import case_of
from core.privacy import mask_phone

if TYPE_CHECKING:
    from core.models.message import Message

logger = logging.getLogger("liaison.messages")

TIMEOUT_SECONDS = 5
TOTAL_SECONDS = 10  # an answer that drips must end as well
ANSWER_LIMIT = 64 * 1024


class NoAddress(Exception):
    """There is nowhere to send it to: no number, no mailbox. Trying again would not help."""


class GatewayError(Exception):
    """The provider refused or answered nonsense. Tried again later."""


class Unsure(GatewayError):
    """It may have been taken: the answer did not come, or made no sense. Repeated only where the key makes it one effect."""


def sms_is_configured() -> bool:
    return bool(settings.SMS_GATEWAY_URL)


def send(message: Message, subject: str, text: str) -> None:
    """Send one message on its channel. Raises NoAddress, GatewayError (Unsure among them), OSError."""
    {"email": _send_email, "sms": _send_sms, "webhook": _send_webhook, "inbox": _nothing}[message.channel](
        message, subject, text
    )


def _nothing(message: Message, subject: str, text: str) -> None:
    """An inbox item is there as soon as its row is."""


def _send_email(message: Message, subject: str, text: str) -> None:
    address = message.recipient.email if message.recipient is not None else ""
    if not address:
        raise NoAddress("没有邮箱")
    EmailMessage(subject, text, to=[address], headers={"X-Message-Key": message.dedupe}).send()


def _send_sms(message: Message, subject: str, text: str) -> None:
    number = _phone_of(message)
    if not number:
        raise NoAddress("没有手机号")
    if not sms_is_configured():
        logger.info("sms to %s: %s", mask_phone(number), text)
        return
    post_signed(
        settings.SMS_GATEWAY_URL,
        {"to": number, "text": text, "key": message.dedupe},
        key_id=settings.SMS_GATEWAY_KEY,
        secret=settings.SMS_GATEWAY_SECRET,
        idempotency_key=message.dedupe,
    )


def _phone_of(message: Message) -> str:
    if message.recipient is not None:
        return message.recipient.phone
    label, _colon, pk = message.contact_ref.partition(":")
    return case_of(label, int(pk)).contact_number() if pk else ""  # the case was anonymised


def _send_webhook(message: Message, subject: str, text: str) -> None:
    if not settings.WEBHOOK_URL:
        raise NoAddress("没有设置推送地址")
    post_signed(
        settings.WEBHOOK_URL,
        {"kind": message.kind, "subject": subject, "text": text, "key": message.dedupe},
        key_id="webhook",
        secret=settings.WEBHOOK_SECRET,
        idempotency_key=message.dedupe,
    )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def post_signed(
    url: str, payload: dict[str, Any], *, key_id: str, secret: str, idempotency_key: str
) -> dict[str, Any]:
    """POST JSON signed with HMAC-SHA256 over `timestamp \\n key \\n body`; the answer must be a JSON object.

    Only to hosts of `OUTBOUND_ALLOWED_HOSTS`, never to a private address unless the list names it, no redirects, five
    seconds, 64 KB.
    """
    address = check_destination(url)
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    stamp = str(int(time.time()))
    signature = hmac.new(
        secret.encode(), b"\n".join([stamp.encode(), idempotency_key.encode(), body]), hashlib.sha256
    ).hexdigest()
    request = urllib.request.Request(
        url,
        data=body,
        method="POST",
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": quote(idempotency_key),
            "X-Key-Id": key_id,
            "X-Timestamp": stamp,
            "X-Signature": signature,
        },
    )
    parsed = _parse(_call(request, address))
    if parsed.get("error"):
        raise GatewayError(f"对方拒收：{str(parsed)[:120]}")
    return parsed


class _Dialled(http.client.HTTPConnection):
    """Connects to the address that was checked: a name that is asked twice may answer twice (DNS rebinding)."""

    address: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._create_connection = self._dial

    def _dial(self, where: tuple[str, int], *rest: Any) -> socket.socket:
        return socket.create_connection((self.address, where[1]), *rest)


class _DialledSecurely(_Dialled, http.client.HTTPSConnection):
    """The certificate is still asked for by name."""


def _opener(address: str) -> urllib.request.OpenerDirector:
    plain: Any = type("_Plain", (_Dialled,), {"address": address})
    secure: Any = type("_Secure", (_DialledSecurely,), {"address": address})

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, request: urllib.request.Request) -> Any:
            return self.do_open(plain, request)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> Any:
            return self.do_open(secure, request)

    return urllib.request.build_opener(
        PlainHandler, SecureHandler, _NoRedirects, urllib.request.ProxyHandler({})
    )


def _call(request: urllib.request.Request, address: str) -> bytes:
    """The answer. Refused in so many words, or not connected: it was not taken; anything else leaves that open."""
    try:
        with _opener(address).open(request, timeout=TIMEOUT_SECONDS) as answer:
            return _read(answer)
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as problem:
        reason = getattr(problem, "reason", problem)
        if isinstance(reason, (ConnectionRefusedError, socket.gaierror)):
            raise
        raise Unsure(f"没有回执（{type(reason).__name__}）") from problem


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(raw or b"{}")
    except ValueError as problem:
        raise Unsure("回执不是 JSON") from problem
    if not isinstance(parsed, dict):
        raise Unsure(f"回执看不懂：{str(parsed)[:120]}")
    return parsed


def _read(answer: Any) -> bytes:
    """The whole answer, if it is short and comes soon."""
    raw, until = b"", time.monotonic() + TOTAL_SECONDS
    while part := answer.read1(4096):
        raw += part
        if len(raw) > ANSWER_LIMIT:
            raise Unsure("回执过大")
        if time.monotonic() > until:
            raise Unsure("回执太慢")
    return raw


def check_destination(url: str) -> str:
    """The address to connect to, asked for once. Raises GatewayError for one the settings do not name: a provider's URL
    must not become a door into our own network.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise GatewayError("地址不对")
    named = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    if parts.hostname not in settings.OUTBOUND_ALLOWED_HOSTS and named not in settings.OUTBOUND_ALLOWED_HOSTS:
        raise GatewayError("地址不在 OUTBOUND_ALLOWED_HOSTS 里")
    # Host and port named together: the operator means this very address, private or not.
    is_meant = named in settings.OUTBOUND_ALLOWED_HOSTS and bool(parts.port)
    if parts.scheme != "https" and not is_meant:
        raise GatewayError("只能用 https")
    found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    addresses = [str(info[4][0]) for info in found]
    if not is_meant and not all(ipaddress.ip_address(address).is_global for address in addresses):
        raise GatewayError("地址指向内部网络")
    return addresses[0]
