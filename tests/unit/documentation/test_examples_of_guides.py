"""The worker types that guides show pass the tests that they show."""

from pathlib import Path

import pytest

from tests.architecture.documents import DOCS, modules
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
