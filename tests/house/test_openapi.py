from pathlib import Path

import yaml
from django.core.management import call_command

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


def test_the_committed_schema_is_what_the_code_says(tmp_path):
    fresh = tmp_path / "openapi.yaml"

    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(fresh))

    remedy = "run: python3 dev.py manage spectacular --fail-on-warn --validate --file docs/openapi.yaml"
    assert yaml.safe_load(fresh.read_text("utf-8")) == yaml.safe_load(COMMITTED.read_text("utf-8")), remedy
