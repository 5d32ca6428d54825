"""The page of the limits that we beat: all of them are there, and so are the tests that it names."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, functions

_PAGE = (ROOT / "docs" / "reference" / "limits-we-beat.md").read_text(encoding="utf-8")
_LIMITS = re.split(r"^## ", _PAGE, flags=re.MULTILINE)[1:]
_TEST = re.compile(r"^- `(tests/\S+\.py)::(test_\w+)`$", re.MULTILINE)
_NAMED = sorted(set(_TEST.findall(_PAGE)))


def test_every_limit_is_there_once_and_in_order() -> None:
    assert [limit.split(maxsplit=1)[0] for limit in _LIMITS] == [f"L{number}" for number in range(1, 32)]


@pytest.mark.parametrize("limit", _LIMITS, ids=lambda limit: limit.split(maxsplit=1)[0])
def test_every_limit_names_a_test(limit: str) -> None:
    assert _TEST.search(limit)


@pytest.mark.parametrize(("module", "test"), _NAMED)
def test_every_named_test_exists(module: str, test: str) -> None:
    path = ROOT / Path(module)
    assert test in {function.name for function in functions(path)}
