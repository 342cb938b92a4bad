"""What holds for every page: styles, scripts, components and words."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.template.loader import get_template
from django.test import RequestFactory

from core.deadlines import ClockFace
from core.models import Clock
from core.models.rules import TimeUnit
from core.navigation import Column, Entry, Group, Link
from core.templatetags import house
from core.workflow import State

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAPER_TEXTS = sorted((ROOT / "templates").rglob("*.txt"))
COMPONENTS = ROOT / "templates" / "components"
STYLES = sorted((STATIC / "css").glob("*.css"))
names = [path.relative_to(ROOT / "templates").as_posix() for path in TEMPLATES]


# --- styles


def tokens() -> dict[str, str]:
    root = re.search(r":root \{(.*?)\n\}", (STATIC / "css" / "base.css").read_text(), re.DOTALL)[1]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})", root))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(tokens()[one]), luminance(tokens()[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("surface", "paper", "sunken")
TEXT_PAIRS = [
    *[
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3", "red", "red-deep", "gold", "blue", "green", "amber", "wine")
        for ground in GROUNDS
    ],
    *[(tone, f"{tone}-wash") for tone in ("blue", "green", "amber", "wine", "gold")],
    ("red-deep", "red-wash"),
    *[("ink", f"{tone}-wash") for tone in ("blue", "green", "amber", "wine", "gold", "red")],
    ("ink-2", "red-wash"),
    *[("on-red", ground) for ground in ("red", "red-deep", "ink")],
    ("on-ink", "ink"),
]
SHAPE_PAIRS = [
    *[
        (shape, ground)
        for shape in ("line-strong", "light-go", "light-slow", "light-stop")
        for ground in GROUNDS[:2]
    ],
    ("blue", "surface"),
    ("blue", "paper"),
]


@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(ink, ground):
    assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
def test_borders_and_shapes_stand_out_from_their_ground(shape, ground):
    assert contrast(shape, ground) >= 3


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_raw_colours_stand_among_the_tokens_only(path):
    text = re.sub(r':root \{.*?\n\}|url\("data:[^"]*"\)|/\*.*?\*/', "", path.read_text(), flags=re.DOTALL)
    assert re.findall(r"#[0-9A-Fa-f]{3,8}\b(?=[^{]*\})|rgba?\(", text) == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_every_token_used_is_defined(path):
    everything = "".join(style.read_text() for style in STYLES)
    defined = set(re.findall(r"(--[\w-]+)\s*:", everything))
    assert set(re.findall(r"var\((--[\w-]+)", path.read_text())) <= defined


def test_static_files_name_nothing_that_is_not_there(tmp_path):
    """The production storage rewrites every url() to a hashed name and raises on one that leads nowhere."""
    storage = ManifestStaticFilesStorage(location=tmp_path)
    found = [path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()]
    for name in found:
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((STATIC / name).read_bytes())
    outcome = {name: done for name, _hashed, done in storage.post_process({n: (storage, n) for n in found})}
    assert {name: done for name, done in outcome.items() if isinstance(done, Exception)} == {}


def test_nothing_is_fetched_from_elsewhere():
    for path in [*STYLES, *(STATIC / "js").glob("*.js"), *TEMPLATES]:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(?:src|href|url\(|@import|fetch\()\s*=?\s*[\"'(]*(?:https?:)?//", text), (
            path.name
        )


# --- scripts

RESIDENT_SCRIPTS = ("app.js", "intake.js")
DESK_SCRIPTS = ("app.js", "desk.js")


def packed(paths: list[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)


def test_a_resident_page_loads_at_most_25_kb_of_script():
    assert (
        packed([STATIC / "js" / name for name in RESIDENT_SCRIPTS if (STATIC / "js" / name).exists()])
        <= 25 * 1024
    )


def test_a_desk_loads_at_most_60_kb_of_script():
    import django_htmx

    htmx = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
    own = [STATIC / "js" / name for name in DESK_SCRIPTS if (STATIC / "js" / name).exists()]
    assert packed([*own, htmx]) <= 60 * 1024


def test_the_styles_of_a_resident_page_are_light():
    assert packed([STATIC / "css" / "base.css"]) <= 14 * 1024


# --- templates


@pytest.mark.parametrize("path", TEMPLATES, ids=names)
def test_no_template_needs_a_weaker_content_policy(path):
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"\sstyle\s*=", text), "inline style"
    assert not re.search(r"<style\b", text), "style element"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "inline handler"
    assert "javascript:" not in text
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or "nonce=" in tag or "application/json" in tag, tag


@pytest.mark.parametrize("path", TEMPLATES, ids=names)
def test_a_template_parses_and_names_only_what_is_there(path):
    get_template(path.relative_to(ROOT / "templates").as_posix())
    text = path.read_text()
    for drawing in re.findall(r"""\{% icon ["']([\w-]+)["']""", text):
        assert house.icon(drawing)
    for name in re.findall(r"""\{% static ["']([^"']+)["']""", text):
        assert finders.find(name), name
    for part in re.findall(r"""\{% (?:include|extends) ["']([^"']+)["']""", text):
        get_template(part)


class SampleForm(forms.Form):
    kind = forms.ChoiceField(
        label="哪一类", choices=[("road", "道路交通"), ("other", "其他")], widget=forms.RadioSelect
    )
    satisfied = forms.ChoiceField(
        label="这次办理，您满意吗？",
        choices=[("a", "满意"), ("b", "基本满意"), ("c", "不满意")],
        widget=forms.RadioSelect,
    )
    body = forms.CharField(label="情况", help_text="写几句就行。", max_length=500, widget=forms.Textarea)
    photo = forms.FileField(label="照片", required=False)


def sample_face() -> ClockFace:
    due_at = datetime(2026, 6, 8, 16, 0, tzinfo=UTC)
    clock = Clock(
        name="unit",
        unit=TimeUnit.WORKING_DAYS,
        started_at=datetime(2026, 5, 18, tzinfo=UTC),
        due_on=date(2026, 6, 8),
        due_at=due_at,
    )
    return ClockFace("unit", "单位答复", date(2026, 6, 8), due_at, 8, False, False, False, True, clock)


def sample_column() -> Column:
    entry = Entry(Group.TODAY, "待分办", "core:healthz", "inbox", bool)
    link = Link(entry, "/desk/", 12, True)
    return Column([("", [link]), ("办事", [link])], [link])


PHOTO = {"url": "/files/x/", "alt": "夜里的路口", "cap": "已存好", "remove": "1"}
PERSON = {
    "name": "杨春梅",
    "photo_url": "",
    "tag": "县人大代表",
    "tone": "red",
    "lines": ["石桥选区 · 村医"],
    "url": "/representatives/1/",
}
EVENT = {
    "title": "已登记",
    "at": datetime(2026, 5, 18, tzinfo=UTC),
    "who": "石桥镇代表联络站",
    "said": "灯头已经报料。",
    "photos": [PHOTO],
}
BOUND = SampleForm({})
SAMPLES: dict[str, dict[str, Any]] = {
    "_back": {"url": "/", "text": "首页"},
    "_bar": {"form_id": "f", "action": "下一步：在哪里", "icon": "send", "name": "go", "value": "1"},
    "_before_after": {"before": PHOTO, "after": PHOTO},
    "_brand": {"brand_url": "/", "brand_line": "联络站工作台"},
    "_clock": {"face": sample_face()},
    "_count": {"n": 4, "mute": True},
    "_due_tag": {"face": sample_face()},
    "_empty": {
        "title": "今天没有等您处理的",
        "text": "新的来了会发短信",
        "action_url": "/",
        "action": "看安排",
    },
    "_error_summary": {"form": BOUND},
    "_face": {"url": "", "alt": "杨春梅代表", "large": True},
    "_faces": {"people": [PERSON, PERSON]},
    "_field": {"field": BOUND["body"], "count": True, "keep": True},
    "_filters": {
        "label": "筛选",
        "chips": [{"url": "?v=1", "text": "待分办", "count": 12, "is_current": True}],
    },
    "_foot": {},
    "_form": {"form": BOUND},
    "_head": {},
    "_light": {"state": "slow"},
    "_me": {},
    "_meter": {"percent": 47, "label": "期限已用 47%", "tone": "green"},
    "_net": {"waiting": 3},
    "_note": {
        "body": "只给联络站看。",
        "icon": "lock",
        "tone": "gold",
        "link_url": "/",
        "link_text": "隐私说明",
    },
    "_opt": {"opt": "说不清就选“其他”", "field": BOUND["kind"]},
    "_pager": {"newer_url": "?before=1", "older_url": "?after=9"},
    "_person": {"person": PERSON, "action_url": "/", "action": "给她留言"},
    "_photos": {"photos": [PHOTO], "field": BOUND["photo"]},
    "_pick": {"options": [{"id": "id_a", "input": "", "label": "短信", "hint": "", "icon": ""}], "cols": 3},
    "_problem": {"title": "没有这一页", "message": "可能是网址抄错了。"},
    "_qr": {"url": "https://jz.example.gov.cn/s/0312", "label": "石桥镇代表联络站的码", "size": "sm"},
    "_rail": {
        "items": [{"name": "登记", "note": "5月18日", "is_done": True}, {"name": "处理", "is_now": True}]
    },
    "_rate": {"field": BOUND["satisfied"]},
    "_retry": {"url": "/desk/", "text": "您写的还在，不会丢"},
    "_said": {"field": BOUND["body"]},
    "_says": {
        "messages": [type("Message", (), {"level_tag": "success", "__str__": lambda self: "已经交办"})()]
    },
    "_side_links": {"column": sample_column()},
    "_size": {},
    "_slip": {
        "number": "26-0518-0375",
        "chop": "已登记",
        "chop_note": "5月18日",
        "qr_url": "https://jz.example.gov.cn/t/",
        "rows": [{"name": "联系人", "value": "李静", "tel": "0000-555-0131"}],
        "note": "回执短信已发到 138****2746",
    },
    "_state_badge": {"state": State("told", "待评价", station=4, public_label="请您评价"), "public": True},
    "_static_problem": {"title": "系统正在恢复", "message": "请过半分钟再试。"},
    "_steps": {"n": 1, "total": 3, "name": "说什么事"},
    "_summary_list": {
        "rows": [
            {
                "name": "在哪里",
                "value": "牛场村\n小卖部对面",
                "photos": [PHOTO],
                "change_url": "/requests/new/2/",
            }
        ]
    },
    "_tabs": {"shape": "tabs"},
    "_tag": {"text": "加急", "tone": "red", "icon": "warn"},
    "_timeline": {"events": [EVENT]},
}


def test_every_component_has_a_sample():
    assert {path.stem for path in COMPONENTS.glob("*.html")} == set(SAMPLES)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_component_renders_its_sample_without_style_or_handler(name):
    request = RequestFactory().get("/stations/0312/")
    request.user = AnonymousUser()
    html = get_template(f"components/{name}.html").render(dict(SAMPLES[name]), request)
    assert re.search(r"[\u4e00-\u9fff]|<img|<svg|<meta", html), "renders nothing"
    assert not re.search(r"\sstyle=|\son[a-z]+=|\{\{|\{%", html)
    # Every id that something points at is there.
    for target in re.findall(r'(?:aria-labelledby|\sfor)="([^"]+)"', html):
        assert name in ("_pick", "_said", "_opt") or f'id="{target}"' in html
    # Nothing a screen reader would find nameless.
    for tag in re.findall(r"<img\b[^>]*>", html):
        assert "alt=" in tag
    for tag in re.findall(r"<svg\b[^>]*>", html):
        assert 'aria-hidden="true"' in tag or "aria-label=" in tag


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_component_says_at_its_top_what_it_is_and_takes(name):
    first = (COMPONENTS / f"{name}.html").read_text().splitlines()[0]
    assert re.fullmatch(r"\{# .+ #\}", first)


# --- words

BANNED = ("敬请", "予以", "进行", "相关部门", "高度重视")
# 正在进行 is what the line says of the present station; the last one is quoted to say that nobody need write it.
EXCUSED = ("正在进行", "“高度重视”")
HALF_WIDTH = re.compile(
    r"[\u4e00-\u9fff”）][,:;!?][\u4e00-\u9fff“（]|[\u4e00-\u9fff]\([\u4e00-\u9fff]|[\u4e00-\u9fff]\)[\u4e00-\u9fff]"
)


def visible(path: Path) -> str:
    """A template without its comments, which are for developers."""
    return re.sub(
        r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|<!--.*?-->", "", path.read_text(), flags=re.DOTALL
    )


@pytest.mark.parametrize("path", [*TEMPLATES, *PAPER_TEXTS], ids=lambda path: path.name)
def test_chinese_is_punctuated_in_full_width(path):
    assert HALF_WIDTH.findall(visible(path)) == []


@pytest.mark.parametrize("path", [*TEMPLATES, *PAPER_TEXTS], ids=lambda path: path.name)
def test_words_that_say_nothing_are_not_written(path):
    text = visible(path)
    for excused in EXCUSED:
        text = text.replace(excused, "")
    assert [word for word in BANNED if word in text] == []
