"""What the answer of a fleet may hold: whatever cannot be stored is no outcome, and ends its execution."""

from typing import Any

import pytest

from regards_processing.processing.steps import Outcome, UnreadableOutcome
from tests.factories.executions import an_outcome

_OUTPUT: dict[str, Any] = {"name": "one.tif", "url": "file:/storage/one", "size": 4, "sha256": "ab" * 32}


def _answer(**others: Any) -> bytes:
    return an_outcome(outputs=[_OUTPUT | others])


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"url": "file:/" + "é" * 1_000}, "url of output 'one.tif' is limited to 2000 bytes"),
        ({"name": "a\0b"}, "must not have a NUL"),
        ({"url": "file:/a\0"}, "the texts of output 'one.tif' must not have a NUL"),
        ({"url": "file:/a%00"}, "the texts of output 'one.tif' must not have a NUL"),
        ({"url": "file://[x"}, "Invalid IPv6 URL"),
        ({"inputCorrelationIds": ["\0"]}, "must not have a NUL"),
        ({"name": "a\ud800b"}, "or half of a surrogate pair"),
        ({"size": -1}, "must be from 0 to 9223372036854775807, got -1"),
        ({"size": 2**63}, "must be from 0 to 9223372036854775807, got 9223372036854775808"),
        ({"sha256": "a" * 65}, "sha256 of output 'one.tif' is limited to 64 digits"),
    ],
    ids=str,
)
def test_it_refuses_an_output_that_cannot_be_stored(others: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnreadableOutcome, match=reason):
        Outcome.from_answer(_answer(**others))


def test_it_takes_the_longest_and_the_largest() -> None:
    url = "file:/" + "x" * 1_994
    (file,) = Outcome.from_answer(_answer(url=url, size=2**63 - 1)).files
    assert (file.url, file.size) == (url, 2**63 - 1)


def test_it_takes_texts_that_no_database_stores_as_far_as_they_go() -> None:
    steps = [{"status": "RUNNING", "time": 1, "message": "\ud800"}]
    read = Outcome.from_answer(an_outcome("FAILURE", message="a\ud800\0b", log=["\udfff"], steps=steps))
    assert (read.message, read.log, read.steps[0].message) == ("a?\ufffdb", ("?",), "?")


def test_it_refuses_an_answer_that_is_nested_without_end() -> None:
    with pytest.raises(UnreadableOutcome, match="no outcome of an execution"):
        Outcome.from_answer(b"[" * 100_000)
