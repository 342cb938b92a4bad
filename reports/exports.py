"""Tables to take away, drawn from the same selectors as the pages. Lists of requests are exported by their own desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from core.cells import write_csv, write_xlsx
from reports.selectors import figures

COLUMNS: tuple[tuple[Any, str], ...] = (
    (_("收到"), "received"),
    (_("应办"), "to_handle"),
    (_("办结"), "finished"),
    (_("没办完"), "open"),
    (_("到期应答复"), "due"),
    (_("按时答复"), "on_time"),
    (_("超期没答复"), "overdue"),
    (_("告诉过结果"), "told"),
    (_("参评"), "rated"),
    (_("评满意度的"), "graded"),
    (_("满意和基本满意"), "satisfied"),
    (_("不满意"), "dissatisfied"),
    (_("答是否解决的"), "judged"),
    (_("解决了"), "solved"),
    (_("部分解决"), "partly"),
)
HEADINGS = (_("编号"), _("名称"), *(label for label, _name in COLUMNS))


def _cells(places: Iterable[figures.Place]) -> Iterator[list[Any]]:
    for place in places:
        yield [place.code, place.name, *(getattr(place.tally, name) for _label, name in COLUMNS)]


def places_csv(places: Iterable[figures.Place]) -> Iterator[bytes]:
    return write_csv([str(heading) for heading in HEADINGS], _cells(places))


def places_xlsx(places: Iterable[figures.Place], *, title: str) -> IO[bytes]:
    return write_xlsx([str(heading) for heading in HEADINGS], _cells(places), title=title)
