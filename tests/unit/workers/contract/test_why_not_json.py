"""Why a text is no JSON is told to those who wrote it, not to those who program in Python."""

import pytest

from workers.contract.bodies import load_object
from workers.contract.errors import MalformedMessage


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"a":' + b"[" * 200_000, "it is nested too deeply"),
        (b'{"a":' + b"9" * 5000 + b"}", "a number has too many digits"),
        (b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_it_says_why_in_our_words(body: bytes, why: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        load_object(body)
    assert refused.value.reason == f"Body is not JSON: {why}"
