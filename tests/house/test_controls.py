"""Controls that hold for the whole source and every answer, each of which docs/asvs.csv names."""

from __future__ import annotations

import ast
import re
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser
from openpyxl import Workbook

from accounts import actions
from accounts.models import User
from accounts.sessions import SessionStore
from core import channels
from core.cells import read_table
from core.models import Message
from tests.house.test_source import PRODUCT, ROOT

# A person at a developer's terminal, and nobody else, runs these.
TOOLS = (
    "liaison/bench/",
    "liaison/faults/",
    "liaison/corpus/",
    "liaison/demo/",
    "liaison/supervisor.py",
    "liaison/checks.py",
)
SERVED = [path for path in PRODUCT if not path.relative_to(ROOT).as_posix().startswith(TOOLS)]


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """Every call of a file with its name as written: `hashlib.sha256`, `cursor.execute`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def found(wanted) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{call.lineno} {name}"
        for path in SERVED
        for name, call in calls(path)
        if wanted(name, call)
    ]


# --- the source


def test_nothing_sent_to_us_is_run_or_unpacked_as_objects():
    banned = re.compile(
        r"(eval|exec|compile|__import__|os\.(system|popen)|(pickle|marshal|shelve|yaml)\.\w+|.*\.from_string|Template)"
    )

    assert found(lambda name, call: banned.fullmatch(name)) == []
    assert found(lambda name, call: any(each.arg == "shell" for each in call.keywords)) == []


def test_only_words_of_ours_are_patterns_formats_and_expressions():
    """No pattern, format string or template is built from what somebody sent."""

    def is_built(call: ast.Call) -> bool:
        return bool(call.args) and not isinstance(call.args[0], (ast.Constant, ast.JoinedStr, ast.Name))

    assert found(lambda name, call: name.startswith("re.") and name != "re.escape" and is_built(call)) == []
    formats = found(
        lambda name, call: name.endswith(".format") and not name.startswith(("'", '"', "sql.", "SQL"))
    )
    assert [each for each in formats if "sql.SQL(" not in each] == []


# Statements put together from names of tables and columns of ours; values are parameters everywhere.
PUT_TOGETHER = {
    "core/ledger.py", "core/rows.py", "core/sweep.py", "core/workflow.py", "core/management/commands/reseal.py",
    "liaison/backup/database.py", "liaison/backup/site.py", "liaison/management/commands/grant_roles.py", "reports/selectors/figures.py",
}  # fmt: skip


def test_statements_take_values_as_parameters():
    def is_put_together(name: str, call: ast.Call) -> bool:
        text = name.endswith((".execute", ".executemany")) or name in ("RawSQL", "RunSQL")
        return text and bool(call.args) and not isinstance(call.args[0], ast.Constant)

    files = {each.partition(":")[0] for each in found(is_put_together)}

    assert files - PUT_TOGETHER == set()
    assert found(lambda name, call: name.endswith((".objects.raw", ".extra")) and name != "self.extra") == []


def test_no_broken_algorithm_and_no_guessable_number_is_used():
    weak = found(lambda name, call: name in ("hashlib.md5", "hashlib.sha1", "hashlib.new"))
    # The list of known passwords is kept as SHA-1 by those who give it away.
    assert [each.partition(":")[0] for each in weak] == ["accounts/passwords.py"]
    modes = re.compile(r"\b(ECB|CBC|DES|TripleDES|ARC4|RC4|Blowfish|PKCS1v15)\b")
    assert [path.name for path in SERVED if modes.search(path.read_text(encoding="utf-8"))] == []
    # Which pictures of a backup are opened is no secret.
    guessable = found(lambda name, call: name.startswith("random."))
    assert {each.partition(":")[0] for each in guessable} <= {"liaison/backup/site.py", "core/outbox.py"}


def test_words_of_people_are_escaped_where_they_are_shown():
    loose = [
        path.name
        for path in (ROOT / "templates").rglob("*.html")
        if re.search(r"\|\s*(safe|safeseq)\b|autoescape\s+off", path.read_text(encoding="utf-8"))
    ]
    assert loose == []
    marked = {
        each.partition(":")[0] for each in found(lambda name, call: name in ("mark_safe", "SafeString"))
    }
    assert marked == {"core/templatetags/house.py"}  # shapes of icons and an attribute, written there


SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))


def test_scripts_write_text_as_text():
    """One place takes a part of a page our own server drew; everything else is text."""
    writes = [
        (path.name, line.strip()[:60])
        for path in SCRIPTS
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|new Function|\beval\(|javascript:", line
        )
    ]

    assert [name for name, _line in writes] == ["intake.js"]
    assert "box.innerHTML = part" in writes[0][1]


def test_scripts_keep_nothing_under_a_name_somebody_sent():
    """Objects are filled under names of our own fields only, so nobody reaches a prototype."""
    text = {path.name: path.read_text(encoding="utf-8") for path in SCRIPTS}
    dynamic = {name: re.findall(r"(\w+)\[([A-Za-z_.]+)\]\s*=[^=]", words) for name, words in text.items()}

    assert {name: found for name, found in dynamic.items() if found} == {
        "app.js": [("kept", "field.name"), ("kept", "field.name")],
        "intake.js": [("fields", "name")],
    }
    assert not [name for name, words in text.items() if "__proto__" in words]


def test_no_part_of_a_page_needs_what_browsers_gave_up():
    for path in (ROOT / "templates").rglob("*.html"):
        assert not re.search(r"<(object|embed|applet|iframe|frame)\b", path.read_text(encoding="utf-8")), (
            path.name
        )


# --- what is served


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/static/", "/static/js/", "/files/", "/media/", "/.git/config", "/.env", "/static/../manage.py"]
)
def test_no_directory_and_no_file_of_the_project_is_listed_or_served(client, path):
    assert client.get(path).status_code == 404


def test_what_people_send_lies_where_no_server_reaches():
    private, static = Path(settings.PRIVATE_ROOT).resolve(), Path(settings.STATIC_ROOT).resolve()

    assert not private.is_relative_to(static)
    assert not static.is_relative_to(private)
    assert not settings.MEDIA_URL.strip("/")


@pytest.mark.django_db
def test_a_form_is_read_from_its_body_and_not_from_the_address(county, client):
    answer = client.post("/login/?username=clerk&password=correct-Horse-7-staple", {})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Content-Length: +4\r\n",
    ],
)
def test_a_message_whose_end_is_in_doubt_is_refused_by_the_web_server(head):
    raw = f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\nbody".encode()

    with pytest.raises(ParseException):
        next(RequestParser(Config(), iter([raw]), ("127.0.0.1", 1)))


def test_logs_go_to_the_output_and_nowhere_else():
    assert {each["class"] for each in settings.LOGGING["handlers"].values()} == {"logging.StreamHandler"}
    assert settings.LOGGING["root"]["handlers"] == ["console"]


# --- entering


@pytest.mark.django_db
def test_every_page_of_somebody_signed_in_shows_the_way_out(county, sign_in):
    for who, path in (
        ("clerk", "/desk/requests/"),
        ("rep", "/my/"),
        ("clerk", "/account/"),
        ("leader", "/overview/"),
    ):
        page = sign_in(getattr(county, who)).get(path).content.decode()
        assert f'action="{reverse("accounts:logout")}"' in page, path


@pytest.mark.django_db
def test_password_fields_are_hidden_and_let_a_manager_fill_them(client):
    page = client.get("/login/").content.decode()
    field = re.search(r'<input[^>]*name="password"[^>]*>', page)[0]

    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert "paste" not in "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)


@pytest.mark.django_db
def test_a_password_of_any_length_up_to_128_counts_to_its_last_character(county, rf):
    word = "Höhe über dem Fluß 河 " * 6
    actions.set_password(county.clerk, password=word[:100])

    assert authenticate(rf.post("/login/"), username="clerk", password=word[:100]) == county.clerk
    assert authenticate(rf.post("/login/"), username="clerk", password=word[:99]) is None
    assert authenticate(rf.post("/login/"), username="clerk", password=word[:100].upper()) is None


@pytest.mark.django_db
def test_the_present_password_is_asked_for_before_another_is_set(county, sign_in):
    answer = sign_in(county.clerk).post(
        "/account/password/",
        {"present": "wrong", "password": "four herons in the rain", "again": "four herons in the rain"},
    )

    assert answer.status_code == 422
    assert "现在的密码不对" in answer.content.decode()


def test_nobody_is_asked_a_question_instead_of_a_password():
    assert not [f.name for f in User._meta.get_fields() if re.search("hint|question|secret|answer", f.name)]


@pytest.mark.django_db
def test_a_session_key_has_well_over_128_bits():
    keys = {SessionStore()._get_new_session_key() for _time in range(20)}

    assert len(keys) == 20
    assert all(re.fullmatch(r"[a-z0-9]{32}", key) for key in keys)  # 32 × log2(36) = 165 bits


# --- tables


@pytest.mark.parametrize(
    "formula", ['=HYPERLINK("http://evil.example","x")', "=1+1", '=WEBSERVICE("http://evil.example")']
)
def test_a_formula_in_a_table_is_never_worked_out(formula):
    book = Workbook()
    book.active.append(["名称", "备注"])
    book.active.append(["甲", formula])
    out = BytesIO()
    book.save(out)

    (row,) = read_table(SimpleUploadedFile("a.xlsx", out.getvalue()), ["名称"], optional=["备注"])

    assert row.cells == {"名称": "甲", "备注": ""}


# --- calling out


def test_a_line_break_in_a_subject_adds_no_header():
    class Somebody:
        email = "a@example.org"

    message = Message(channel="email", dedupe="k")
    message.__dict__["recipient"] = Somebody()
    Message.recipient.field.set_cached_value(message, Somebody())

    with pytest.raises(ValueError, match="newlines"):
        channels.send(message, "题目\r\nBcc: b@example.org", "正文")


@pytest.fixture
def unvouched(tmp_path):
    """An https server on this machine with a certificate of its own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    both = tmp_path / "both.pem"
    both.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)

        def answer():
            try:
                with context.wrap_socket(listening.accept()[0], server_side=True):
                    pass
            except OSError:
                pass

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_a_certificate_nobody_vouches_for_is_refused(settings, unvouched):
    settings.OUTBOUND_ALLOWED_HOSTS = [f"localhost:{unvouched}"]

    with pytest.raises(channels.GatewayError, match="SSLCertVerificationError"):
        channels.post_signed(
            f"https://localhost:{unvouched}/", {}, key_id="k", secret="s", idempotency_key="i"
        )
