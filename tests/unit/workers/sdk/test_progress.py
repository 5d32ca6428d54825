"""When a worker process no longer gets on."""

import math
from types import SimpleNamespace
from typing import Any

import pytest

from workers.sdk.progress import Progress, named


def _request(
    number: int, *, accepted_at: float | None = 0.0, longest: float | None = 60.0, **others: Any
) -> Any:
    plain = {
        "answered": False,
        "follows": False,
        "companions": (),
        "work": SimpleNamespace(worker_type="slow"),
    }
    fields = {"id": f"{number}:1:1", "accepted_at": accepted_at, "longest": longest}
    return SimpleNamespace(**(plain | fields | others))


class Watched:
    """Progress of a pool of two, with a clock that the test sets."""

    def __init__(self, *requests: Any) -> None:
        self.now = 0.0
        self.progress = Progress(
            in_hand={request.id: request for request in requests},
            concurrency=lambda: 2,
            stall=10.0,
            clock=lambda: self.now,
        )

    def at(self, now: float) -> Progress:
        self.now = now
        return self.progress


def test_it_names_work_that_takes_longer_than_declared() -> None:
    watched = Watched(_request(1), _request(2, accepted_at=30.0))
    assert watched.at(60.0).overdue() == []
    assert named(watched.at(75.0).overdue()) == "1:1:1 (slow, 75 s of 60)"


def test_each_request_has_a_time_of_its_own() -> None:
    watched = Watched(_request(1, longest=7200.0), _request(2, longest=30.0))
    assert named(watched.at(75.0).overdue()) == "2:1:1 (slow, 75 s of 30)"


def test_it_gets_on_while_one_unit_is_free() -> None:
    watched = Watched(_request(1), _request(2, accepted_at=30.0))
    assert watched.at(75.0).halted() is None


def test_it_is_halted_when_all_work_is_overdue() -> None:
    watched = Watched(_request(1), _request(2, accepted_at=30.0))
    assert watched.at(100.0).halted() == (
        "All work takes longer than declared: 1:1:1 (slow, 100 s of 60), 2:1:1 (slow, 70 s of 60)"
    )


@pytest.mark.parametrize(
    "request_",
    [
        _request(1, answered=True),
        _request(1, accepted_at=None),
        _request(1, longest=None),
        _request(1, longest=math.inf),
        _request(1, follows=True),
        _request(1, companions=("2:1:1",)),
    ],
    ids=["answered", "not begun", "undeclared", "without limit", "second of a bulk", "bulk of two"],
)
def test_it_leaves_other_requests_alone(request_: Any) -> None:
    assert Watched(request_).at(100.0).overdue() == []


def test_it_names_ten_at_most() -> None:
    watched = Watched(*(_request(number) for number in range(12)))
    assert named(watched.at(100.0).overdue()).endswith("9:1:1 (slow, 100 s of 60) and 2 more")


def test_it_is_halted_when_its_loop_does_not_turn() -> None:
    watched = Watched()
    assert watched.at(100.0).halted() is None
    watched.progress.turned()
    assert watched.at(110.0).halted() is None
    assert watched.at(111.0).halted() == "The event loop has not turned for 11 s"
    watched.progress.turned()
    assert watched.progress.halted() is None


def test_a_loop_that_has_ended_need_not_turn() -> None:
    watched = Watched()
    watched.progress.turned()
    watched.progress.rest()
    assert watched.at(100.0).halted() is None
