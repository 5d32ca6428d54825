"""Loops: whether another round follows."""

import pytest

from workers.contract.conditions import Condition
from workers.contract.repetition import Repeat, RoundsUsedUp

_POOR = Condition("acme.fit", ("poor",))
_STRICT = Repeat(condition=_POOR, most=3, back_to=20)
_MILD = Repeat(condition=_POOR, most=3, go_on=True)


@pytest.mark.parametrize("loop", [_STRICT, _MILD])
@pytest.mark.parametrize(
    ("headers", "repeats", "again"),
    [
        ({"acme.fit": "poor"}, 0, True),
        ({"acme.fit": "poor"}, 1, True),
        ({"acme.fit": "good"}, 0, False),
        ({"acme.fit": "good"}, 2, False),
        ({}, 0, False),
    ],
)
def test_it_goes_round_while_its_condition_holds(
    loop: Repeat, headers: dict[str, str], repeats: int, *, again: bool
) -> None:
    assert loop.again(headers, repeats=repeats) is again


@pytest.mark.parametrize("repeats", [2, 3])
def test_it_fails_after_the_last_round_that_may_be(repeats: int) -> None:
    told = "given up after 3 rounds, as many as there may be, while still acme.fit is one of poor"
    with pytest.raises(RoundsUsedUp, match=f"^{told}$"):
        _STRICT.again({"acme.fit": "poor"}, repeats=repeats)


@pytest.mark.parametrize("repeats", [2, 3])
def test_it_goes_on_after_the_last_round_that_may_be_if_it_says_so(repeats: int) -> None:
    assert not _MILD.again({"acme.fit": "poor"}, repeats=repeats)


@pytest.mark.parametrize("loop", [_STRICT, _MILD])
def test_it_reads_what_it_writes(loop: Repeat) -> None:
    assert Repeat.from_json(loop.to_json()) == loop


def test_it_is_written_as_in_a_configuration_file() -> None:
    condition = {"header": "acme.fit", "in": ["poor"]}
    assert _STRICT.to_json() == {"from": 20, "while": condition, "most": 3}
    assert _MILD.to_json() == {"while": condition, "most": 3, "goOn": True}


def test_it_takes_whole_numbers_as_json_has_them() -> None:
    value = _STRICT.to_json() | {"from": 20.0, "most": 3.0, "goOn": None}
    assert Repeat.from_json(value) == _STRICT
    assert repr(Repeat.from_json(value)) == repr(_STRICT)


def test_it_says_itself_in_words() -> None:
    assert str(_STRICT) == "while acme.fit is one of poor, at most 3 rounds"
