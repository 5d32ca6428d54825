"""What the branches of a parallel step make of their request."""

from itertools import combinations_with_replacement

import pytest

from worker_manager.forks import status_of
from worker_manager.states import BRANCHES_SAY, MOVES, UNDER_WAY


@pytest.mark.parametrize(
    ("branches", "status"),
    [
        (["DISPATCHED", "DISPATCHED"], "DISPATCHED"),
        (["DISPATCHED", "RUNNING"], "RUNNING"),
        (["SUCCESS", "RUNNING"], "RUNNING"),
        (["ERROR", "DISPATCHED"], "DISPATCHED"),
        (["NO_WORKER_AVAILABLE", "DISPATCHED"], "DISPATCHED"),
        (["NO_WORKER_AVAILABLE", "TO_DISPATCH"], "TO_DISPATCH"),
        (["NO_WORKER_AVAILABLE", "ERROR"], "NO_WORKER_AVAILABLE"),
        (["INVALID_CONTENT", "SUCCESS"], "INVALID_CONTENT"),
        (["INVALID_CONTENT", "ERROR"], "ERROR"),
        (["SUCCESS", "SUCCESS"], "SUCCESS"),
    ],
)
def test_it_is_where_its_branches_are(branches: list[str], status: str) -> None:
    assert status_of(branches) == status


def test_it_never_ends_before_its_branches() -> None:
    for branches in combinations_with_replacement([*BRANCHES_SAY, "SUCCESS"], 3):
        assert (status_of(branches) in UNDER_WAY) == (not UNDER_WAY.isdisjoint(branches))


def test_it_may_become_whatever_its_branches_make_of_it() -> None:
    for out in ("DISPATCHED", "RUNNING"):
        assert {*BRANCHES_SAY, "SUCCESS"} <= MOVES[out]  # type: ignore[index]
