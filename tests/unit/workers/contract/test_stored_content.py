import pytest

from workers.contract.errors import MalformedMessage
from workers.contract.stored_content import MOST_BYTES, StoredContent

_DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
_GOOD = {"attempt": 3, "sha256": _DIGEST, "size": 3}


def test_it_says_what_is_needed_to_find_and_to_trust_a_content() -> None:
    stored = StoredContent.of(b"abc", attempt=3)
    assert stored.to_json() == _GOOD
    assert stored.name == f"3-{_DIGEST}"


def test_it_survives_the_wire() -> None:
    stored = StoredContent.of(b"abc", attempt=3)
    assert StoredContent.from_json(stored.to_json()) == stored


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "must be an object, not NoneType"),
        ("YWJj", "must be an object, not str"),
        (_GOOD | {"sha256": _DIGEST.upper()}, "sha256 must be 64 hexadecimal digits"),
        (_GOOD | {"sha256": _DIGEST[:-1]}, "sha256 must be 64 hexadecimal digits"),
        (_GOOD | {"sha256": f"{_DIGEST}\n"}, "sha256 must be 64 hexadecimal digits"),
        (_GOOD | {"sha256": "../../other/7/3-abc"}, "sha256 must be 64 hexadecimal digits"),
        (_GOOD | {"sha256": None}, "sha256 must be 64 hexadecimal digits, got None"),
        (_GOOD | {"attempt": 0}, "attempt must be a number from 1 to 2147483647, got 0"),
        (_GOOD | {"attempt": "../3"}, "attempt must be a number"),
        (_GOOD | {"attempt": True}, "attempt must be a number"),
        (_GOOD | {"size": -1}, "size must be a number from 0 to 90000000, got -1"),
        (_GOOD | {"size": MOST_BYTES + 1}, "size must be a number"),
        (_GOOD | {"size": 3.0}, "size must be a number"),
    ],
)
def test_it_refuses_what_could_name_something_else(value: object, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        StoredContent.from_json(value)
