"""The trail of a request's attempts: appended event by event, read as a whole."""

import pytest

from tests.factories.worker_manager import AT, later
from worker_manager import trail
from worker_manager.trail import MESSAGE_LENGTH, Attempt, Ending, Outcome, Trail

_START = 1_748_779_200_000


def _dispatched(text: str = "", *, step: int = 0, attempt: int = 1, seconds: float = 0, kept: int = 5) -> str:
    return trail.dispatched(
        text, step=step, attempt=attempt, worker_type="unzip", at=later(seconds), kept=kept
    )


def _ended(text: str, outcome: str = "SUCCESS", *, seconds: float = 9, **known: object) -> str:
    return trail.ended(text, ending=Ending(outcome=Outcome(outcome), **known), at=later(seconds))[0]  # type: ignore[arg-type]


def _repeated(times: int, *, kept: int, step: int = 0, text: str = "", after: int = 0) -> str:
    for attempt in range(after + 1, after + times + 1):
        text = _ended(_dispatched(text, step=step, attempt=attempt, kept=kept), "LOST")
    return text


def _numbers(text: str) -> list[int]:
    return [attempt.attempt for attempt in Trail.read(text).attempts]


def test_it_knows_nothing_at_first() -> None:
    assert Trail.read("") == Trail(attempts=(), left_out={})
    assert not trail.is_open("")


def test_it_notes_an_attempt_from_dispatch_to_end() -> None:
    text = trail.started(_dispatched(step=3, attempt=7), attempt=7, at=later(2), worker_id="w-1")
    text = _ended(text, message="done", seconds=9)
    (attempt,) = Trail.read(text).attempts
    assert attempt == Attempt(
        step=3,
        attempt=7,
        worker_type="unzip",
        dispatched=_START,
        started=_START + 2000,
        ended=_START + 9000,
        worker_id="w-1",
        outcome="SUCCESS",
        message="done",
        run_time=7000,
    )
    assert attempt.queue_time == 2000
    assert (attempt.dispatched_at, attempt.started_at, attempt.ended_at) == (AT, later(2), later(9))


def test_it_returns_what_it_notes() -> None:
    text, attempt = trail.ended(_dispatched(), ending=Ending(outcome=Outcome.ERROR), at=later(1))
    assert Trail.read(text).attempts == (attempt,)


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        (_dispatched(), True),
        (trail.started(_dispatched(), attempt=1, at=AT, worker_id=None), True),
        (_ended(_dispatched()), False),
        (_dispatched(_ended(_dispatched()), attempt=2), True),
        (_ended(_dispatched(), message='\n["D",0,1,"t",1]'), False),
    ],
)
def test_it_tells_whether_an_attempt_goes_on(text: str, is_open: bool) -> None:  # noqa: FBT001 (a parameter)
    assert trail.is_open(text) is is_open


def test_it_tells_an_attempt_that_goes_on() -> None:
    (attempt,) = Trail.read(_dispatched()).attempts
    assert (attempt.outcome, attempt.started_at, attempt.ended_at) == (None, None, None)
    assert (attempt.queue_time, attempt.run_time) == (None, None)


@pytest.mark.parametrize(
    ("started", "said", "queue_time", "run_time"),
    [
        # Nobody said when it began: how long it waited is not known.
        (None, None, None, None),
        (2, None, 2000, 7000),
        # Workers know best how long they worked; most never say that they begin.
        (None, 1.5, 7500, 1500),
        (2, 1.5, 7500, 1500),
        # Not longer than since the dispatch, whatever they say.
        (None, 1e300, 0, 9000),
        (None, 0.0001, 9000, 0),
    ],
)
def test_it_measures_queue_and_run(
    started: int | None, said: float | None, queue_time: int | None, run_time: int | None
) -> None:
    texts = {None: _dispatched(), 2: trail.started(_dispatched(), attempt=1, at=later(2), worker_id="w")}
    (attempt,) = Trail.read(_ended(texts[started], run_seconds=said, seconds=9)).attempts
    assert (attempt.queue_time, attempt.run_time) == (queue_time, run_time)


def test_what_nobody_took_has_waited_until_it_was_given_up() -> None:
    (attempt,) = Trail.read(_ended(_dispatched(), "QUEUE_TIMEOUT", seconds=300)).attempts
    assert (attempt.queue_time, attempt.run_time) == (300_000, None)


def test_it_names_the_instance_that_answers_without_having_begun() -> None:
    (attempt,) = Trail.read(_ended(_dispatched(), worker_id="w-2")).attempts
    assert attempt.worker_id == "w-2"


@pytest.mark.parametrize(
    "message", ["", 'a "quote"', "two\nlines", "é\ud800\0", '["D",0,', "\\", "x" * MESSAGE_LENGTH]
)
def test_it_keeps_every_text(message: str) -> None:
    text = _dispatched(_ended(_dispatched(), message=message), attempt=2)
    first, second = Trail.read(text).attempts
    assert (first.message, second.outcome) == (message, None)
    assert text.encode()


def test_it_cuts_long_messages() -> None:
    (attempt,) = Trail.read(_ended(_dispatched(), message="x" * 1000)).attempts
    assert attempt.message == "x" * 200


@pytest.mark.parametrize(
    ("times", "kept", "numbers", "left_out"),
    [
        (4, 2, [1, 2, 3, 4], {}),
        (5, 2, [1, 2, 4, 5], {0: 1}),
        (9, 2, [1, 2, 8, 9], {0: 5}),
        (3, 1, [1, 3], {0: 1}),
        (1000, 3, [1, 2, 3, 998, 999, 1000], {0: 994}),
    ],
)
def test_it_keeps_the_first_and_the_last_attempts_of_a_step(
    times: int, kept: int, numbers: list[int], left_out: dict[int, int]
) -> None:
    text = _repeated(times, kept=kept)
    assert (_numbers(text), Trail.read(text).left_out) == (numbers, left_out)


def test_it_keeps_so_many_of_each_step() -> None:
    text = _repeated(6, kept=2, step=1)
    text = _repeated(6, kept=2, step=10, text=text, after=6)
    text = _repeated(1, kept=2, step=1, text=text, after=12)
    assert _numbers(text) == [1, 2, 6, 7, 8, 11, 12, 13]
    assert Trail.read(text).left_out == {1: 3, 10: 2}


def test_it_stays_small() -> None:
    assert len(_repeated(1000, kept=5)) < 1000


def test_it_leaves_alone_what_nobody_saw_begin() -> None:
    text = trail.started("", attempt=3, at=AT, worker_id="w")
    assert Trail.read(text).attempts == ()


def test_it_notes_the_rounds_of_a_loop_that_were_before() -> None:
    text = _ended(_dispatched(step=20, attempt=1))
    text = trail.dispatched(text, step=20, attempt=2, worker_type="unzip", at=AT, kept=5, repeats=1)
    assert [attempt.repeats for attempt in Trail.read(text).attempts] == [0, 1]
    ended, attempt = trail.ended(text, ending=Ending(outcome=Outcome.SUCCESS), at=later(1))
    assert attempt.repeats == 1
    assert Trail.read(ended).attempts[-1] == attempt


def test_it_writes_nothing_of_rounds_outside_of_loops() -> None:
    assert _dispatched() == f'["D",0,1,"unzip",{_START}]'
