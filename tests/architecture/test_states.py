"""The state machine is complete: no status is forgotten, and every move leads to a status."""

from regards_processing.processing import states as of_executions
from worker_manager import states


def test_it_knows_for_every_execution_status_whether_it_can_move() -> None:
    assert set(of_executions.MOVES) | set(of_executions.FINAL) == set(of_executions.ExecutionStatus)
    assert not set(of_executions.MOVES) & set(of_executions.FINAL)


def test_it_knows_for_every_status_whether_it_can_move() -> None:
    assert set(states.MOVES) | set(states.FINAL) == set(states.RequestStatus)
    assert not set(states.MOVES) & set(states.FINAL)


def test_it_never_moves_out_of_nowhere() -> None:
    assert all(states.MOVES.values()), "a status without a move is final: it does not belong in MOVES"


def test_it_reaches_every_final_status() -> None:
    reachable = {target for targets in states.MOVES.values() for target in targets}
    assert set(states.FINAL) <= reachable
