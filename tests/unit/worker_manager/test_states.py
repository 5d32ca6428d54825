"""The table of moves."""

import pytest

from worker_manager.states import (
    AWAITING_ANSWER,
    FAILED,
    FINAL,
    INITIAL,
    MOVES,
    UNDER_ORDERS,
    RequestStatus,
)

_S = RequestStatus


def test_it_never_leaves_a_final_status() -> None:
    assert frozenset({_S.SUCCESS, _S.TO_DELETE, _S.CANCELED}) == FINAL


def test_it_never_runs_again_without_a_dispatch() -> None:
    assert {status for status, targets in MOVES.items() if _S.RUNNING in targets} == AWAITING_ANSWER


def test_it_succeeds_only_while_an_answer_is_awaited() -> None:
    assert {status for status, targets in MOVES.items() if _S.SUCCESS in targets} == AWAITING_ANSWER


@pytest.mark.parametrize("status", [_S.ERROR, _S.INVALID_CONTENT, _S.NO_WORKER_AVAILABLE])
def test_it_lets_an_operator_retry_and_delete(status: RequestStatus) -> None:
    assert {_S.TO_DISPATCH, _S.TO_DELETE} <= MOVES[status]


@pytest.mark.parametrize("status", sorted(AWAITING_ANSWER))
def test_it_lets_nobody_delete_what_a_worker_has(status: RequestStatus) -> None:
    assert _S.TO_DELETE not in MOVES[status]


def test_it_can_leave_every_status_that_is_not_final() -> None:
    assert all(MOVES[status] for status in frozenset(RequestStatus) - FINAL)


def test_it_can_reach_every_status() -> None:
    reached = INITIAL.union(*MOVES.values())
    assert reached == frozenset(RequestStatus)


@pytest.mark.parametrize(
    "status", sorted(frozenset(RequestStatus) - UNDER_ORDERS - {_S.SUCCESS, _S.CANCELED})
)
def test_it_can_end_in_error_after_a_dead_letter(status: RequestStatus) -> None:
    assert _S.ERROR in MOVES[status]


def test_it_awaits_no_answer_to_what_failed() -> None:
    assert not AWAITING_ANSWER & FAILED
