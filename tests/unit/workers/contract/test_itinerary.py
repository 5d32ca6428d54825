"""The way through the steps of a workflow: by number, by condition, round and round."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract.conditions import Condition
from workers.contract.itinerary import Loop, Taken, after, loop_of
from workers.contract.repetition import Repeat, RoundsUsedUp

_MORE = Condition("more", ("yes",))
_RASTER = Condition("kind", ("raster",))


@dataclass(frozen=True)
class _Step:
    number: int
    condition: Condition | None = None
    repeat: Repeat | None = None


def _back(to: int | None = None, *, most: int = 3, go_on: bool = False) -> Repeat:
    return Repeat(condition=_MORE, most=most, back_to=to, go_on=go_on)


_STEPS = (
    _Step(10),
    _Step(20),
    _Step(30, condition=_RASTER),
    _Step(40, repeat=_back(20)),
    _Step(50, repeat=_back(most=2, go_on=True)),
    _Step(60),
)


@pytest.mark.parametrize(
    ("number", "repeats", "headers", "taken"),
    [
        (10, 0, {}, (20, 0)),
        (20, 0, {"kind": "raster"}, (30, 0)),
        (20, 1, {}, (40, 1)),
        (30, 1, {"more": "yes"}, (40, 1)),
        (40, 0, {"more": "yes"}, (20, 1)),
        (40, 1, {"more": "yes"}, (20, 2)),
        (40, 2, {"more": "no"}, (50, 0)),
        (50, 0, {"more": "yes"}, (50, 1)),
        (50, 1, {"more": "yes"}, (60, 0)),
        (60, 0, {"more": "yes"}, None),
        (45, 0, {"more": "yes"}, (50, 0)),
    ],
)
def test_it_goes_on_or_back(
    number: int, repeats: int, headers: dict[str, str], taken: tuple[int, int] | None
) -> None:
    found = after(_STEPS, number=number, headers=headers, repeats=repeats)
    assert (found and (found.step.number, found.repeats)) == taken


def test_it_says_when_there_are_no_more_rounds() -> None:
    with pytest.raises(RoundsUsedUp):
        after(_STEPS, number=40, headers={"more": "yes"}, repeats=2)


def test_it_begins_a_round_with_the_first_step_whose_condition_holds() -> None:
    steps = (_Step(1), _Step(2, condition=_RASTER), _Step(3, repeat=_back(2)))
    assert after(steps, number=3, headers={"more": "yes"}) == Taken(steps[2], 1)
    assert after(steps, number=3, headers={"more": "yes", "kind": "raster"}) == Taken(steps[1], 1)


def test_it_leaves_a_loop_none_of_whose_steps_is_taken() -> None:
    steps = (_Step(1), _Step(2, condition=_RASTER, repeat=_back()), _Step(3))
    assert after(steps, number=2, headers={"more": "yes"}) == Taken(steps[2], 0)
    assert after(steps[:2], number=2, headers={"more": "yes"}) is None


@pytest.mark.parametrize(("number", "span"), [(10, None), (20, (20, 40)), (40, (20, 40)), (50, (50, 50))])
def test_it_knows_the_loop_of_a_step(number: int, span: tuple[int, int] | None) -> None:
    loop = loop_of(_STEPS, number)
    assert (loop and (loop.first, loop.last)) == span


def test_it_says_a_loop_in_words() -> None:
    assert str(Loop(20, 40, _back())) == "steps 20 to 40, while more is one of yes, at most 3 rounds"
    assert str(Loop(50, 50, _back())) == "step 50, while more is one of yes, at most 3 rounds"


_CONDITIONS = st.none() | st.sampled_from([_RASTER, Condition("kind", ("raster",), excluded=True)])
_ANSWERS = st.fixed_dictionaries(
    {}, optional={"more": st.sampled_from(["yes", "no"]), "kind": st.sampled_from(["raster", "netcdf"])}
)


@st.composite
def _ways(draw: st.DrawFn) -> tuple[_Step, ...]:
    """Return steps with loops that share none."""
    count = draw(st.integers(1, 6))
    bounds = sorted(draw(st.sets(st.integers(1, count))))
    pairs = zip([1, *(bound + 1 for bound in bounds)], bounds, strict=False)
    loops = {
        last: _back(first, most=draw(st.integers(2, 4)), go_on=draw(st.booleans()))
        for first, last in pairs
        if draw(st.booleans())
    }
    return tuple(
        _Step(number, None if number == 1 else draw(_CONDITIONS), loops.get(number))
        for number in range(1, count + 1)
    )


def _walk(steps: tuple[_Step, ...], data: st.DataObject) -> list[tuple[int, int, dict[str, str]]]:
    """Go through the steps; return number, rounds before and answer of each that was taken."""
    taken: Taken[_Step] | None = Taken(steps[0])
    walked = []
    while taken:
        headers = data.draw(_ANSWERS)
        walked.append((taken.step.number, taken.repeats, headers))
        try:
            taken = after(steps, number=taken.step.number, headers=headers, repeats=taken.repeats)
        except RoundsUsedUp:
            break
    return walked


@given(steps=_ways(), data=st.data())
def test_it_always_ends_and_takes_no_step_oftener_than_it_may(
    steps: tuple[_Step, ...], data: st.DataObject
) -> None:
    numbers = [number for number, _, _ in _walk(steps, data)]
    loops = {step.number: loop_of(steps, step.number) for step in steps}
    for step in steps:
        loop = loops[step.number]
        assert numbers.count(step.number) <= (loop.repeat.most if loop else 1)


@given(steps=_ways(), data=st.data())
def test_it_takes_each_step_whose_turn_it_is(steps: tuple[_Step, ...], data: st.DataObject) -> None:
    walked = _walk(steps, data)
    for (number, repeats, headers), (following, then, _) in pairwise(walked):
        loop = loop_of(steps, number)
        back = (
            loop is not None
            and loop.last == number
            and loop.repeat.condition.holds(headers)
            and repeats + 1 < loop.repeat.most
        )
        begun = loop.first if loop and back else number + 1
        left_out = [step for step in steps if begun <= step.number < following]
        assert following >= begun
        assert not any(step.condition is None or step.condition.holds(headers) for step in left_out)
        assert then == (repeats + back if loop and following in loop else 0)


@given(steps=_ways(), data=st.data())
def test_it_counts_the_rounds_of_a_loop(steps: tuple[_Step, ...], data: st.DataObject) -> None:
    rounds: dict[int, list[int]] = {}
    for number, repeats, _ in _walk(steps, data):
        rounds.setdefault(number, []).append(repeats)
    assert all(counted == sorted(set(counted)) for counted in rounds.values())
    assert all(counted == [0] for number, counted in rounds.items() if loop_of(steps, number) is None)
