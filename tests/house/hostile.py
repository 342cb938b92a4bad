"""What people, programs and accidents send: strings for every field, bytes no encoding knows, and a reader of forms.

Written with `security.md` §4 and the big list of naughty strings in mind, afresh for Chinese scripts. A string that carries
markup carries MARK, so that a page that gives it back as markup is caught whatever the page is about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

MARK = "hx7"
# What a template that runs what it was given would make of the strings with braces.
RENDERED = "48151628"

CONTROL = [
    "\x00", "路灯\x00不亮", "\x01\x02\x03\x08", "\x0b\x0c", "\x1b[31m红\x1b[0m", "\x7f\x7f\x7f\x7f",
    "\x80\x85\x9f坏",
    "只有\r一个回车", "\x1a", "\x1c\x1d\x1e\x1f四个", "\ufffe\uffff", "\U0001ffff无字",
]  # fmt: skip
INVISIBLE = [
    "\u200b\u200b\u200b\u200b", "王\u200b阿\u200b姨", "\ufeff路灯不亮了", "\u202e亮不灯路",
    "\u2066甲\u2067乙\u2069", "\u200e\u200f",
    "\u00ad软\u00ad连字", "\u2028分行\u2029分段", "\u3164\u3164\u3164\u3164", "\u2800\u2800\u2800\u2800",
    "\u3000\u3000\u3000\u3000", "\u180e\u2060",
    "26-1124-\u202e48213", "\U000e0041\U000e007f标签",
]  # fmt: skip
SCRIPTS = [
    "ئۇيغۇرچە خەت يازىمەن 13800002746", "كوچىدىكى چىراغ يانمايدۇ", "Қазақша: көше шамы жанбайды",
    "བོད་ཡིག་གི་ཡི་གེ་ལམ་སྒྲོན་མི་འབར", "བརྒྱུད་སྒྲོལ་ཧཱུྃ",
    "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ᠌", "ꆈꌠꉙ ꊨꏦꏱꅉ", "Gvangjsih Bouxcuengh", "ᥖᥭᥰ ᥘᥫᥴ 傣文", "한국말 가로등", "עברית ١٢٣",
    "ไทย ๑๒๓", "हिन्दी १२३४",
]  # fmt: skip
EMOJI = [
    "👨‍👩‍👧‍👦路灯不亮了", "🏳️‍🌈🇨🇳🇨🇳🇨🇳", "👍🏿👍🏻", "1️⃣2️⃣3️⃣4️⃣", "😀" * 30, "\u200d👨\u200d\u200d",
    "❤️\ufe0f\ufe0f\ufe0f", "🫨🪿🩷",
]  # fmt: skip
RARE = [
    "𠮷㐂䶮𫖯",
    "𰻝𱁬𪚥𲎯",
    "葛\U000e0100城",
    "\ue000\uf8ff私用",
    "㚢𡥧𪨶",
    "⿰亻尔⿱艹",
    "〇〡〢々〆ヶ",
    "𝟏𝟐𝟑𝟒",
]
WIDTH = [
    "cafe\u0301 的路灯", "각\u1100\u1161\u11a8", "０１２３４５６７８９", "１３８００００２７４６",
    "＜script＞ＡＢＣ", "ＳＥＬＥＣＴ＇＂；", "①②③⑳㊿",
    "ﬁﬀ㎏㏒", "аdmіn", "О0Іl１丨", "ÅÅ\u212b", "i\u0307İıI", "a" + "\u0301" * 60, "Z̡̢̛͔a̷l̵g̶o̸",
]  # fmt: skip
MARKUP = [
    f"<script>{MARK}(1)</script>", f"<svg onload={MARK}(1)>", f"\"><img src=x onerror={MARK}(1)>",
    f"'><a href=javascript:{MARK}(1)>点",
    f"</textarea><script>{MARK}(2)</script>", f"</title><script>{MARK}(3)</script>", f"<!--<{MARK}>-->",
    f"<math><mi><mglyph><style><!--</style><{MARK}>",
    f"&lt;{MARK}&gt; &amp;amp;", f"javascript:{MARK}(4)", f"\" autofocus onfocus={MARK}(5) x=\"",
    f"<iframe srcdoc='<{MARK}>'>", f"<{MARK} style=x>",
    "{{7*6878804}}", "{{ 4|add:48151624 }}", "${7*6878804}", "{% debug %}", "#{7*6878804}", "<%= 7*6878804 %>",
    "%(name)s %s %d %n", "{0.__class__}", "{name}", "%",
]  # fmt: skip
QUERIES = [
    "'; DROP TABLE core_event;--", "' OR '1'='1", "\\' OR 1=1 --", "\\", "%_%\\", "') UNION SELECT 1--",
    "1; SELECT pg_sleep(9)", "$$||pg_sleep(9)||$$",
    "../../../../etc/passwd", "..\\..\\win.ini", "/etc/passwd%00.jpg", "*)(uid=*))(|(uid=*", "(a+)+$", "[[[[",
    "a & | ! ( ) :* <->", "| & ! :*", "`id`", "$(id)", "& ping -c 9 127.0.0.1",
]  # fmt: skip
SHEETS = [
    "=HYPERLINK(\"http://x\")", "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1", "＝1+1",
    "＋1", "－1", "＠SUM(1)", "\n=1", "'=1", "\ufeff=1+1",
]  # fmt: skip
LINES = [
    "a\r\nSet-Cookie: x=1", "a\nX-Evil: 1", "%0d%0aX-Evil:%201", "a\r\nBcc: x@example.invalid",
    "{\"level\":\"INFO\"}\n{\"forged\":1}", "//evil.invalid/", "https://evil.invalid\\@x",
]  # fmt: skip
NUMBERS = [
    "-1", "0", "-0", "1e309", "NaN", "Infinity", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "99999999999999999999999999", "9" * 5000,
    "2147483648", "1.5", "1,000", "0x10", "0b1", "٣", "１２", "²", "Ⅳ", "1_000", " 1 ", "+1", "1e3", "true",
    "None", "null", "[]", "[1]", "{}", "undefined",
]  # fmt: skip
DATES = [
    "2026-02-30", "2025-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2026-13-01",
    "2026-1-1", "2026-06-08T09:00+14:00",
    "2026-06-08T25:00", "２０２６－０６－０８", "2026年6月8日", "-0001-01-01", "99999999-01-01", "1582-10-10",
    "20260608", "0001-01-01T00:00", "9999-12-31T23:59:59.999999",
]  # fmt: skip
LONG = [
    "",
    " ",
    "字",
    "a" * 255,
    "字" * 256,
    "字" * 501,
    "长" * 20_000,
    "x" * 1_000_000,
    "\u0301" * 100_000,
    " " * 10_000,
]
KEYS = ["__proto__", "constructor", "_connector", "pk__in", "password__startswith", "is_superuser"]

CORPUS = [
    *CONTROL, *INVISIBLE, *SCRIPTS, *EMOJI, *RARE, *WIDTH, *MARKUP, *QUERIES, *SHEETS, *LINES, *NUMBERS,
    *DATES, *LONG, *KEYS,
]  # fmt: skip
# A megabyte is sent once to a form, not once to each of its fields.
HANDY = [each for each in CORPUS if len(each) < 25_000]

# Bodies of `application/x-www-form-urlencoded` and pieces of addresses that no encoding reads.
BROKEN = [
    b"%ff%fe", b"%c0%af", b"%ed%a0%80", b"%f5%80%80%80", b"%c2%b7%c6%b5", b"%00", b"%", b"%zz", b"%u4e2d",
    b"+ADw-script+AD4-", b"%f0%9f", b"\xb7\xb5", b"%e5%ad",
    "路灯".encode("gbk"), "𠮷".encode("gb18030"), "路灯".encode("utf-16"), b"\x00\x01\xff", b"%ef%bf%be",
    b"%fe%fe%ff%ff", b"\xc3\x28",
]  # fmt: skip
TEXT = frozenset(
    ("text", "search", "tel", "email", "url", "number", "date", "datetime-local", "time", "password", "")
)


@dataclass
class Form:
    """A form as the page shows it, filled in as it stands."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    has_files: bool = False

    @property
    def fields(self) -> list[str]:
        return list(self.values)


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms = page, []
        self.form: Form | None = None
        self.area = self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(given.get("action") or self.page, given.get("method", "get").lower())
            self.forms.append(self.form)
        elif self.form is not None and hasattr(self, f"_{tag}"):
            getattr(self, f"_{tag}")(self.form, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag in ("select", "textarea"):
            self.area = self.select = ""

    def handle_data(self, data: str) -> None:
        if self.area and self.form is not None:
            self.form.values[self.area] = [self.form.values[self.area][0] + data]

    def _input(self, form: Form, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        form.has_files |= kind == "file"
        if not name or kind in ("file", "submit", "button", "image", "reset"):
            return
        first = name not in form.values
        values = form.values.setdefault(name, [])
        if kind in ("radio", "checkbox"):
            if "checked" in given or (first and kind == "radio"):
                form.values[name] = [given.get("value", "on")]
        else:
            values.append(given.get("value", ""))
            if kind in TEXT:
                form.typed[name] = kind

    def _textarea(self, form: Form, given: dict[str, str]) -> None:
        self.area = given.get("name", "")
        if self.area:
            form.values[self.area] = [""]
            form.typed[self.area] = "textarea"

    def _select(self, form: Form, given: dict[str, str]) -> None:
        self.select = given.get("name", "")
        if self.select:
            form.values[self.select] = []

    def _option(self, form: Form, given: dict[str, str]) -> None:
        if self.select and given.get("value") and ("selected" in given or not form.values[self.select]):
            form.values[self.select] = [given["value"]]


def forms_on(page: str, html: str) -> list[Form]:
    """The forms of a page with what stands in them; a choice nobody made is made: the first."""
    reader = _Reader(page)
    reader.feed(html)
    return [form for form in reader.forms if form.values or form.has_files]


FILLED: dict[str, Any] = {
    "date": "2026-11-24", "datetime-local": "2026-11-24T09:00", "number": "3", "time": "09:00",
    "tel": "13800002746",
    "email": "a@example.invalid", "url": "https://example.invalid/",
}  # fmt: skip


def filled(form: Form) -> dict[str, list[str]]:
    """The form as a careful person would send it: empty fields hold something that fits."""
    data = {name: list(values) for name, values in form.values.items()}
    for name, kind in form.typed.items():
        if not any(data[name]):
            data[name] = [FILLED.get(kind, "路灯不亮了")]
    return data


class _Suspicious(HTMLParser):
    """Finds MARK anywhere but in words: as a tag, an attribute's name, a script, or the address of a link."""

    found = ""
    script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.script = tag in ("script", "style")
        for name, value in attrs:
            runs = name.startswith("on") or name in ("srcdoc", "style") or SCRIPT.match(value or "")
            if MARK in name or (MARK in (value or "") and runs and name not in SAID):
                self.found = self.get_starttag_text() or tag
        if MARK in tag:
            self.found = tag

    def handle_endtag(self, tag: str) -> None:
        self.script = False

    def handle_data(self, data: str) -> None:
        if self.script and MARK in data:
            self.found = data

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.found = data


# What an address must not begin with, and the attributes that only hold words.
SCRIPT = re.compile(r"\s*(javascript|data|vbscript):", re.IGNORECASE)
SAID = frozenset(("value", "title", "alt", "placeholder", "content", "aria-label", "data-label"))


def markup_in(html: str) -> str:
    """The markup that somebody's words became on this page; empty when they stayed words."""
    if MARK not in html:
        return ""
    reader = _Suspicious()
    reader.feed(html)
    return reader.found
