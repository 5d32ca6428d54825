"""Owners are visited in turn, within the limits."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest

from regards_processing.kernel.jobs.turns import Limits, Owner, choose

_SPACE = UUID(int=0)
_ROOMY = Limits(per_owner=10, overall=10)


def _jobs(*names: str) -> list[UUID]:
    return [uuid5(_SPACE, name) for name in names]


def _at(minute: int) -> datetime:
    return datetime(2025, 6, 1, 12, minute, tzinfo=UTC)


def _chosen(
    waiting: dict[Owner, Sequence[UUID]],
    *,
    active: dict[Owner, int] | None = None,
    last_turns: dict[Owner, datetime] | None = None,
    limits: Limits = _ROOMY,
) -> list[UUID]:
    return choose(waiting=waiting, active=active or {}, last_turns=last_turns or {}, limits=limits)


def test_it_visits_owners_in_turn() -> None:
    chosen = _chosen({1: _jobs("a1", "a2", "a3"), 2: _jobs("b1"), None: _jobs("p1", "p2")})
    assert chosen == _jobs("a1", "b1", "p1", "a2", "p2", "a3")


def test_it_begins_with_the_owner_whose_last_turn_is_oldest() -> None:
    last_turns: dict[Owner, datetime] = {1: _at(2), 2: _at(1)}
    chosen = _chosen({1: _jobs("a1"), 2: _jobs("b1"), 3: _jobs("c1")}, last_turns=last_turns)
    assert chosen == _jobs("c1", "b1", "a1")


def test_it_gives_the_only_place_to_the_owner_that_waited_longest() -> None:
    waiting: dict[Owner, Sequence[UUID]] = {1: _jobs("a1"), 2: _jobs("b1")}
    limits = Limits(per_owner=1, overall=1)
    assert _chosen(waiting, last_turns={1: _at(2), 2: _at(1)}, limits=limits) == _jobs("b1")


def test_it_leaves_an_owner_that_has_all_it_may() -> None:
    limits = Limits(per_owner=2, overall=10)
    waiting: dict[Owner, Sequence[UUID]] = {1: _jobs("a1", "a2"), 2: _jobs("b1", "b2")}
    assert _chosen(waiting, active={1: 1, 2: 2}, limits=limits) == _jobs("a1")


@pytest.mark.parametrize(("others", "expected"), [(0, ["a1", "b1"]), (1, ["a1"]), (2, []), (5, [])])
def test_it_counts_what_others_have(others: int, expected: list[str]) -> None:
    waiting: dict[Owner, Sequence[UUID]] = {1: _jobs("a1"), 2: _jobs("b1")}
    limits = Limits(per_owner=2, overall=2)
    assert _chosen(waiting, active={3: others}, limits=limits) == _jobs(*expected)


def test_it_chooses_nothing_when_nobody_waits() -> None:
    assert _chosen({}) == []
