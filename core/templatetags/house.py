"""What templates may ask: icons, words for dates and clocks, rates with their base, QR codes, the left column."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import segno
from django import template
from django.conf import settings
from django.forms.boundfield import BoundWidget
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from core import context as site_context
from core import navigation
from core.deadlines import ClockFace
from core.models.rules import TimeUnit
from core.privacy import mask_phone as masked

register = template.Library()

WEEKDAYS = "一二三四五六日"
# Below this a percentage says more than the numbers behind it know (experience.md §2.8).
SMALLEST_BASE = 5


# --- pictures


@cache
def _icons() -> dict[str, tuple[str, str]]:
    """Name → (viewBox, shapes), from the one sprite that designers edit."""
    sprite = (settings.BASE_DIR / "static" / "img" / "icons.svg").read_text(encoding="utf-8")
    found = re.findall(r'<symbol id="([\w-]+)" viewBox="([\d ]+)">(.*?)</symbol>', sprite)
    return {name: (box, shapes) for name, box, shapes in found}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An inline drawing beside a word: `{% icon "phone" %}`, `{% icon "back" "flip" %}`. Unknown names raise KeyError."""
    box, shapes = _icons()[name]
    return format_html(
        '<svg class="{}" viewBox="{}" aria-hidden="true" focusable="false">{}</svg>',
        f"i {css}".strip(),
        box,
        mark_safe(shapes),
    )


@register.simple_tag
def qr(text: str, label: str = "") -> SafeString:
    """A QR code as inline SVG: level M, quiet zone of four modules."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    size = code.symbol_size(border=4)[0]
    rows: list[str] = []
    for y, row in enumerate(code.matrix_iter(border=4)):
        line = "".join("1" if module else "0" for module in row)
        rows += [
            f"M{run.start()} {y}h{run.end() - run.start()}v1H{run.start()}z"
            for run in re.finditer("1+", line)
        ]
    return format_html(
        '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{}v{}H0z"/><path fill="#211c17" d="{}"/></svg>',
        label or _("二维码"),
        size,
        size,
        size,
        size,
        "".join(rows),
    )


# --- dates


def _local(value: date | datetime) -> date:
    if isinstance(value, datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value


@register.filter
def zh_date(value: date | datetime | None) -> str:
    """6月8日（周一）; the year is named when it is not this one."""
    if not value:
        return ""
    day = _local(value)
    year = "" if day.year == timezone.localdate().year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


@register.filter
def zh_day(value: date | datetime | None) -> str:
    """6月8日, for tags and lines where the weekday does not fit."""
    return zh_date(value).partition("（")[0]


@register.filter
def zh_weekday(value: date | datetime | None) -> str:
    """今天, 明天 or 周五, for the small calendar leaves."""
    if not value:
        return ""
    day = _local(value)
    near = {0: _("今天"), 1: _("明天")}.get((day - timezone.localdate()).days)
    return near or f"周{WEEKDAYS[day.weekday()]}"


@register.filter
def zh_time(value: datetime | None) -> str:
    """9:05."""
    if not value:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{local.hour}:{local.minute:02}"


@register.filter
def zh_datetime(value: datetime | None) -> str:
    """5月26日 16:20."""
    return f"{zh_day(value)} {zh_time(value)}" if value else ""


@register.filter
def ago(value: datetime | None) -> str:
    """刚刚, 8 分钟前, 3 小时前, 昨天, 6 天前; older things by their date."""
    if not value:
        return ""
    passed = timezone.now() - value
    days = (timezone.localdate() - _local(value)).days
    if passed < timedelta(minutes=1):
        return _("刚刚")
    if passed < timedelta(hours=1):
        return _("%(n)d 分钟前") % {"n": passed.seconds // 60}
    if days < 1:
        return _("%(n)d 小时前") % {"n": passed.seconds // 3600}
    if days == 1:
        return _("昨天")
    return _("%(n)d 天前") % {"n": days} if days < 30 else zh_day(value)


# --- clocks


@register.filter
def days_left(face: ClockFace) -> str:
    """还剩 8 个工作日, 今天到期, 超期 1 天, 暂停: how a clock stands, without its name."""
    if face.is_paused:
        return _("已暂停")
    if face.is_overdue:
        return _("超期 %(n)d 个工作日") % {"n": -face.days_left} if face.days_left < 0 else _("已超期")
    if face.is_due_today:
        return _("今天到期")
    return _("还剩 %(n)d 个工作日") % {"n": face.days_left}


@register.filter
def due_when(face: ClockFace) -> str:
    """6月8日, for a clock of hours 6月8日 17:00."""
    return zh_datetime(face.due_at) if face.clock.unit == TimeUnit.HOURS else zh_day(face.due_on)


@register.filter
def due_tone(face: ClockFace) -> str:
    """The colour of a clock: wine late, amber within two working days, green in time, none when paused."""
    if face.is_paused:
        return ""
    if face.is_overdue:
        return "wine"
    return "amber" if face.is_due_today or face.days_left <= 2 else "green"


@register.filter
def due_icon(face: ClockFace) -> str:
    return {"wine": "stop", "amber": "clock", "green": "check", "": "info"}[due_tone(face)]


@register.filter
def used_percent(face: ClockFace) -> int:
    """How much of the clock's time is gone, 0 to 100, for the bar."""
    whole = (face.due_at - face.clock.started_at).total_seconds()
    gone = (timezone.now() - face.clock.started_at).total_seconds()
    return max(0, min(100, round(100 * gone / whole))) if whole > 0 else 100


@register.inclusion_tag("components/_due_tag.html")
def due_tag(face: ClockFace | None) -> dict[str, Any]:
    return {"face": face}


@register.inclusion_tag("components/_state_badge.html")
def state_badge(case: Any, public: bool = False) -> dict[str, Any]:
    return {"case": case, "state": case.workflow.states[case.state], "public": public}


# --- the line of four stations

STATIONS = ("登记", "处理", "结果", "反馈")


@register.inclusion_tag("components/_rail.html")
def rail(now: int, *notes: str, finished: bool = False) -> dict[str, Any]:
    """The line 登记 — 处理 — 结果 — 反馈 with `now` (1 to 4) as the present station and a note under each.

    `{% rail case_station "5月18日" "正在办" "6月8日前" %}`; for other lines include `_rail.html` with your own `items`.
    """
    items = [
        {
            "name": name,
            "note": notes[place - 1] if len(notes) >= place else "",
            "is_done": finished or place < now,
            "is_now": not finished and place == now,
        }
        for place, name in enumerate(STATIONS, start=1)
    ]
    return {"items": items}


# --- numbers and people


@register.simple_tag
def rate(part: int, base: int) -> SafeString:
    """93.6% with its base as a title for nobody to miss: 93.6%（2,664 / 2,846）; below five cases only the count."""
    if base < SMALLEST_BASE:
        return format_html('— <small class="muted num">{} / {}</small>', part, base)
    share = f"{100 * part / base:.1f}".removesuffix(".0")
    return format_html('{}% <small class="muted num">{} / {}</small>', share, f"{part:,}", f"{base:,}")


@register.filter
def mask_phone(number: str) -> str:
    """138****2746."""
    return masked(number or "")


@register.filter
def tel(number: str) -> str:
    """The digits of a number, for `tel:` links."""
    return "".join(filter(str.isdigit, number or ""))


# --- the shell


@register.simple_tag
def site_words() -> dict[str, str]:
    """Brand, owner and phone for pages rendered without a request (500, 503)."""
    return site_context.words()


@register.simple_tag(takes_context=True)
def side_nav(context: Context) -> navigation.Column:
    """`{% side_nav as column %}`: the entries this person may see."""
    request = context["request"]
    return navigation.column_for(request.user, request.get_full_path())


@register.simple_tag(takes_context=True)
def current(context: Context, key: str, *starts: str) -> SafeString:
    """`aria-current="page"` when the view said `nav=key`, or when the path begins with one of `starts`."""
    said = context.get("nav")
    request = context.get("request")
    path = request.path if request is not None else ""
    is_current = (
        said == key
        if said
        else any(path == start or (len(start) > 1 and path.startswith(start)) for start in starts)
    )
    return mark_safe(' aria-current="page"') if is_current else mark_safe("")


# --- forms


@register.filter
def widget_kind(field: Any) -> str:
    """Which shape `_field.html` gives a bound field."""
    kind = getattr(field.field.widget, "input_type", "")
    if field.is_hidden:
        return "hidden"
    if kind in ("radio", "checkbox"):
        return "tiles" if hasattr(field.field.widget, "choices") else "tick"
    return kind or {"Textarea": "textarea", "Select": "select", "NullBooleanSelect": "select"}.get(
        type(field.field.widget).__name__, "text"
    )


@register.simple_tag
def control(
    field: Any, *, keep: Any = False, count: Any = False, bare: bool = False, css: str = ""
) -> SafeString:
    """The input of a bound field; Django ties its hint and its error to it, this adds the house's class and hooks.

    `keep` saves it in the device's draft, `count` shows how many letters are left, `bare` leaves out the class.
    """
    attrs: dict[str, Any] = {}
    own = field.field.widget.attrs.get("class", "")
    if classes := " ".join(filter(None, ["" if bare else "in", own, css])):
        attrs["class"] = classes
    if field.field.widget.attrs.get("rows") == "10":  # Django's own, too tall for a phone
        attrs["rows"] = "5"
    if keep:
        attrs["data-keep"] = True
    if count:
        attrs["data-count"] = f"{field.auto_id}_count"
        attrs["aria-describedby"] = f"{field.aria_describedby or ''} {field.auto_id}_count".strip()
    return field.as_widget(attrs=attrs)


@register.simple_tag
def options(field: Any, *, keep: Any = False, icons: Any = None, hints: Any = None) -> list[dict[str, Any]]:
    """The choices of a radio or checkbox field, one dict a tile. The empty choice is left out: nothing is preselected."""
    widget = field.field.widget
    attrs = {"id": field.auto_id} | ({"data-keep": True} if keep else {})
    tiles = []
    for data in widget.subwidgets(field.html_name, field.value(), attrs=attrs):
        value = str(data["value"])
        if not value:
            continue
        bound = BoundWidget(widget, data, field.form.renderer)
        tiles.append(
            {
                "id": bound.id_for_label,
                "input": bound.tag(),
                "label": bound.choice_label,
                "hint": (hints or {}).get(value, ""),
                "icon": (icons or {}).get(value, ""),
            }
        )
    return tiles


@register.filter
def first_input(field: Any) -> str:
    """The id an error's link leads to: the input itself, for tiles the first one."""
    if widget_kind(field) != "tiles":
        return str(field.auto_id)
    shown = options(field)
    return str(shown[0]["id"]) if shown else str(field.auto_id)


@register.filter
def error_count(form: Any) -> int:
    return sum(len(errors) for errors in form.errors.values())


@register.filter
def error_prefix(form: Any) -> str:
    """有 2 处要改：, the beginning of the page's title while the form has errors."""
    return _("有 %(n)d 处要改：") % {"n": error_count(form)} if form.errors else ""


@register.filter
def up_to(total: int) -> range:
    """1 to total, for bars of steps."""
    return range(1, int(total) + 1)
