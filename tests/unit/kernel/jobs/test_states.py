"""The states of a job are complete: none is forgotten, and every move leads to a state."""

from regards_processing.kernel.jobs.states import FINAL, MOVES, JobState


def test_it_knows_for_every_state_whether_it_can_move() -> None:
    assert set(MOVES) | set(FINAL) == set(JobState)
    assert all(MOVES.values())


def test_it_ends_in_one_of_three_ways() -> None:
    assert {JobState.SUCCEEDED, JobState.FAILED, JobState.ABORTED} == FINAL


def test_it_reaches_every_state_but_the_first() -> None:
    reached = {target for targets in MOVES.values() for target in targets}
    assert reached == set(JobState)
