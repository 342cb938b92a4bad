"""Lists taken along as a table: one way for all of them, with a reason that is kept.

A short list is answered at once. A long one is ordered: a worker writes it to a private file, and a message in the
person's inbox leads to it for a day. The order stands in the database; the broker only nudges.

An app says in its AppConfig's `ready` what may be taken along, by a source: who may, and the table itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from core import files, outbox
from core.cells import write_csv, write_xlsx
from core.images import delete_private, store_chunks
from core.looking import ReasonForm, log_looking
from core.models import Attachment, Draft
from core.outbox import Notice, Recipient

logger = logging.getLogger(__name__)

LABEL = "export"
AT_ONCE = 5_000  # so many rows keep no web worker longer than two seconds
MOST = 1_000_000  # a sheet of Excel ends soon after
FETCHED = 500
KEPT = timedelta(days=1)  # the nightly cleaning takes the files of yesterday
WAITS = timedelta(hours=6)

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True)
class Table:
    """What is taken along: `name` in Latin letters for the file and the log, `title` for people, rows as they come."""

    name: str
    title: str
    headings: Sequence[str]
    count: int
    rows: Callable[[], Iterable[Sequence[Any]]]
    narrowed: str = ""


@dataclass(frozen=True)
class Source:
    """Lists of one kind: `table` for a request made of a person and a query, and the list's name; `may` asks again later."""

    table: Callable[[HttpRequest, str], Table]
    may: Callable[[Any, str], bool]


_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Add a kind of lists. Whoever ordered a file may fetch it while it is kept and the right is still theirs."""
    _sources[name] = source
    files.register(f"{LABEL}.{name}", _may_fetch)


def _may_fetch(request: HttpRequest, file: Attachment) -> bool:
    source = _sources[file.case_label.removeprefix(f"{LABEL}.")]
    if not request.user.is_authenticated or file.uploaded_by_id != request.user.pk:
        return False
    return file.created_at > timezone.now() - KEPT and source.may(request.user, _list_of(file))


def _list_of(file: Attachment) -> str:
    """A file is captioned as it is named: list, day, whose copy."""
    return file.caption.partition("-")[0]


class ExportForm(ReasonForm):
    FORMATS = (("xlsx", _lazy("Excel 表格（XLSX）")), ("csv", _lazy("CSV 文本")))
    reason = forms.CharField(
        label=_lazy("导出做什么用"),
        max_length=120,
        min_length=2,
        help_text=_lazy("谁、什么时候、为什么导出了多少行，都会记下来。"),
    )
    format = forms.ChoiceField(label=_lazy("格式"), choices=FORMATS, widget=forms.RadioSelect, initial="xlsx")


class ExportReady(Notice):
    key, template = "core.export_ready", "core/notices/export_ready.txt"
    channels: ClassVar[tuple[str, ...]] = ("inbox",)


class ExportFailed(Notice):
    key, template = "core.export_failed", "core/notices/export_failed.txt"
    channels: ClassVar[tuple[str, ...]] = ("inbox",)


# --- at the door


def take_along(request: Any, source: str, name: str, form: ExportForm) -> HttpResponseBase | None:
    """The file of the list that the address asks for, or None when it was ordered: the message will say where it lies.

    Raises ValidationError for more rows than a sheet holds.
    """
    query = request.GET.urlencode()
    table = _sources[source].table(_asking(request.user, query), name)
    if table.count > MOST:
        raise ValidationError(_("超过 100 万行，一张表放不下。请先筛一筛，分几次导出。"))
    said = f"{form.cleaned_data['reason']}（{table.title}{'，' if table.narrowed else ''}{table.narrowed}）"
    said = _("%(n)d 行，%(said)s") % {"n": table.count, "said": said}
    wanted = form.cleaned_data["format"]
    with transaction.atomic():
        log_looking(by=request.user, what=f"export {table.name}", reason=said)
        if table.count > AT_ONCE:
            order = {"source": source, "name": name, "query": query, "format": wanted}
            _order(request.user, order | {"title": table.title, "count": table.count})
            return None
    return _answer(table, wanted, file_name(table, request.user))


def _asking(user: Any, query: str) -> HttpRequest:
    """A request that asks for the same list, as the worker makes it too: a person and what narrows it."""
    request = HttpRequest()
    request.method, request.user, request.GET = "GET", user, QueryDict(query)
    return request


def file_name(table: Table, user: Any) -> str:
    """Whose copy it is and of which day stands in its name."""
    return f"{table.name}-{timezone.localdate():%Y%m%d}-{user.get_username()}"


def _answer(table: Table, wanted: str, name: str) -> HttpResponseBase:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": content_disposition_header(True, f"{name}.{wanted}") or "",
    }
    if wanted == "xlsx":
        return FileResponse(_workbook(table, name), content_type=TYPES[wanted], headers=headers)
    lines = write_csv(table.headings, table.rows())
    return StreamingHttpResponse(lines, content_type=TYPES[wanted], headers=headers)


def _workbook(table: Table, name: str) -> IO[bytes]:
    return write_xlsx(table.headings, table.rows(), title=table.title[:31], footer=name)


def on_its_way(request: HttpRequest) -> HttpResponse:
    """To the inbox, where the file will be."""
    messages.success(request, _("行数多，正在后台写表格。写好了，这里会有一条消息，一天内可以取。"))
    response = HttpResponseRedirect(reverse("reports:messages"))
    response.status_code = 303
    return response


# --- by the worker


def _order(user: Any, order: dict[str, Any]) -> None:
    Draft.objects.create(
        key=f"{LABEL}:{user.pk}:{get_random_string(20)}",
        owner_id=user.pk,
        case_label=LABEL,
        payload=order,
        expires_at=timezone.now() + WAITS,
    )
    transaction.on_commit(nudge)


def nudge() -> None:
    """Wake a worker. A broker that is down only delays: beat looks for orders every minute."""
    from core.tasks import write_exports

    try:
        write_exports.apply_async(expires=60, retry=False)
    except Exception:  # the broker's client raises many kinds; none may reach the person at the form
        logger.warning("broker is not reachable, beat will write the export")


def write_waiting() -> int:
    """Write every list that was ordered, one after the other; gives how many. Two workers share them."""
    done = 0
    while _write_next():
        done += 1
    return done


@transaction.atomic
def _write_next() -> bool:
    """The order is locked while it is written: a worker that dies lets go of it, and the next one begins anew."""
    waiting = Draft.objects.filter(case_label=LABEL, expires_at__gt=timezone.now()).order_by("pk")
    order = waiting.select_for_update(of=("self",), skip_locked=True).select_related("owner").first()
    if order is None:
        return False
    said = {"title": order.payload["title"], "n": order.payload["count"]}
    try:
        with transaction.atomic():
            file = _write(order)
    except Exception:  # whatever went wrong, it must not keep the others waiting
        logger.exception("an export could not be written")
        notice: type[Notice] = ExportFailed
    else:
        notice = ExportReady
        said |= {"page": reverse("core:file", args=[file.public_id])}
    outbox.post(notice, to=[Recipient.user(order.owner)], about=None, dedupe=order.key, context=said)
    order.delete()
    return True


def _write(order: Draft) -> Attachment:
    user, wanted = order.owner, order.payload
    if user is None or not user.is_active:
        raise PermissionDenied
    source = _sources[wanted["source"]]
    table = source.table(_asking(user, wanted["query"]), wanted["name"])
    name = file_name(table, user)
    path, digest, size = store_chunks(_chunks(table, wanted["format"], name), suffix=f".{wanted['format']}")
    try:
        return Attachment.objects.create(
            case_label=f"{LABEL}.{wanted['source']}",
            role=Attachment.Role.OTHER,
            path=path,
            sha256=digest,
            size=size,
            content_type="application/octet-stream",
            caption=name[:60],
            uploaded_by=user,
        )
    except Exception:
        delete_private(path)
        raise


def _chunks(table: Table, wanted: str, name: str) -> Iterator[bytes]:
    if wanted == "csv":
        yield from write_csv(table.headings, table.rows())
        return
    with _workbook(table, name) as book:
        while chunk := book.read(1 << 20):
            yield chunk
