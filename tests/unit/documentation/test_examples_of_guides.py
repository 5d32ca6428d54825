"""The worker types that guides show pass the tests that they show."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.architecture.documents import DOCS, blocks, modules
from tests.stack.bare_pytest import run_tests_of


@pytest.mark.parametrize(
    ("guide", "passed"), [("from-plain-celery", "4 passed"), ("from-a-regards-java-worker", "2 passed")]
)
def test_the_example_passes_its_own_test(guide: str, passed: str, tmp_path: Path) -> None:
    for name, code in modules(DOCS / "guides" / f"{guide}.md").items():
        (tmp_path / name).write_text(code)
    done = run_tests_of(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert passed in done.stdout


@pytest.mark.parametrize("guide", ["from-plain-celery", "from-a-regards-java-worker"])
def test_the_configuration_follows_the_schema(guide: str) -> None:
    schema = DOCS / "reference" / "configuration-file.rs-worker-manager.schema.json"
    (configuration,) = map(json.loads, blocks(DOCS / "guides" / f"{guide}.md", "json"))
    jsonschema.validate(configuration, json.loads(schema.read_text("utf-8")))
    assert [module["module"]["id"] for module in configuration["modules"]] == ["workermanager"]
