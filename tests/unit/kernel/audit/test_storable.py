"""Whatever a caller sends, its trace can be stored."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.storable import storable, storable_text

_AN_ID = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "", "é", [], {"a": [{"b": None}]}])
def test_it_keeps_json_as_it_is(value: object) -> None:
    assert storable(value) == value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "?"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (_AN_ID, str(_AN_ID)),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
        (Origin.REST, "REST"),
        (("b", "a"), ["b", "a"]),
        ({"b", "a"}, ["a", "b"]),
        ({"n\x00": {"deep": ["\x00"]}, 1: 2}, {"n\ufffd": {"deep": ["\ufffd"]}, "1": 2}),
    ],
)
def test_it_tells_anything_else_as_json(value: object, kept: object) -> None:
    assert storable(value) == kept


def test_it_cuts_what_is_too_long() -> None:
    assert storable_text("x" * 300, longest=255) == "x" * 255
