"""The pages of the limits that we beat: all of them are there, and so are the tests that they name."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, functions

_REFERENCE = ROOT / "docs" / "reference"
_ENGINE = (_REFERENCE / "limits-we-beat.md").read_text(encoding="utf-8")
_PROCESSING = (_REFERENCE / "limits-we-beat-processing.md").read_text(encoding="utf-8")
_TEST = re.compile(r"^- `(tests/\S+\.py)::(test_\w+)`$", re.MULTILINE)
_NAMED = sorted(set(_TEST.findall(_ENGINE + _PROCESSING)))


def _limits(page: str) -> list[str]:
    return re.split(r"^## ", page, flags=re.MULTILINE)[1:]


def _number(limit: str) -> str:
    return limit.split(maxsplit=1)[0]


@pytest.mark.parametrize(("page", "letter", "count"), [(_ENGINE, "L", 31), (_PROCESSING, "P", 30)], ids="LP")
def test_every_limit_is_there_once_and_in_order(page: str, letter: str, count: int) -> None:
    assert [_number(limit) for limit in _limits(page)] == [f"{letter}{n}" for n in range(1, count + 1)]


@pytest.mark.parametrize("limit", _limits(_ENGINE) + _limits(_PROCESSING), ids=_number)
def test_every_limit_names_a_test(limit: str) -> None:
    assert _TEST.search(limit)


@pytest.mark.parametrize(("module", "test"), _NAMED)
def test_every_named_test_exists(module: str, test: str) -> None:
    path = ROOT / Path(module)
    assert test in {function.name for function in functions(path)}
