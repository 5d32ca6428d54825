"""The steps of a request, summed up from its attempts."""

from tests.factories.worker_manager import AT, later
from worker_manager import trail
from worker_manager.steps_taken import StepTaken, steps_taken
from worker_manager.trail import Ending, Outcome, Trail


def _attempt(
    text: str, *, step: int, attempt: int, outcome: str, ran: float | None, seconds: float, kept: int = 5
) -> str:
    at = later(seconds)
    text = trail.dispatched(text, step=step, attempt=attempt, worker_type=f"t-{step}", at=at, kept=kept)
    ending = Ending(outcome=Outcome(outcome), run_seconds=ran)
    return trail.ended(text, ending=ending, at=later(seconds + 10))[0]


def test_a_request_that_was_never_dispatched_took_none() -> None:
    assert steps_taken(Trail.read("")) == []


def test_it_sums_attempts_up() -> None:
    text = _attempt("", step=10, attempt=1, outcome="LOST", ran=None, seconds=0)
    text = _attempt(text, step=10, attempt=2, outcome="POSTPONED", ran=4, seconds=20)
    text = _attempt(text, step=10, attempt=3, outcome="SUCCESS", ran=1, seconds=40)
    text = trail.dispatched(text, step=20, attempt=4, worker_type="t-20", at=later(50), kept=5)
    assert steps_taken(Trail.read(text)) == [
        StepTaken(
            number=10,
            worker_type="t-10",
            attempts=3,
            dispatched_at=AT,
            ended_at=later(50),
            queue_time=15_000,
            run_time=5000,
            outcome="SUCCESS",
        ),
        StepTaken(
            number=20,
            worker_type="t-20",
            attempts=1,
            dispatched_at=later(50),
            ended_at=None,
            queue_time=None,
            run_time=None,
            outcome=None,
        ),
    ]


def test_it_counts_attempts_that_were_left_out() -> None:
    text = ""
    for attempt in range(1, 8):
        text = _attempt(text, step=0, attempt=attempt, outcome="LOST", ran=1, seconds=0, kept=2)
    (step,) = steps_taken(Trail.read(text))
    assert (step.attempts, step.run_time) == (7, 4000)


def test_it_tells_the_round_of_the_last_attempt() -> None:
    text = _attempt("", step=10, attempt=1, outcome="SUCCESS", ran=1, seconds=0)
    at = later(20)
    text = trail.dispatched(text, step=10, attempt=2, worker_type="t-10", at=at, kept=5, repeats=1)
    (step,) = steps_taken(Trail.read(text))
    assert (step.attempts, step.repeats) == (2, 1)
