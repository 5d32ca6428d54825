"""What moves of requests change in their sessions."""

import pytest

from worker_manager.session_counters import Change, Place, net_changes
from worker_manager.states import RequestStatus

_KEY = (1, "acme", "2025-06")
_QUEUED, _RUNS = ("DISPATCHED", "w1"), ("RUNNING", "w1")
_FAILED, _DONE = ("ERROR", "w1"), ("SUCCESS", "w1")


def _net(*moves: tuple[Place, Place]) -> dict[str, int]:
    changes = net_changes((_KEY, before, after) for before, after in moves)
    return dict(changes.get(_KEY, Change()).properties)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, _QUEUED, {"workers.requests": 1, "workers.w1.dispatched": 1}),
        (None, ("NO_WORKER_AVAILABLE", None), {"workers.requests": 1, "workers.no_worker_available": 1}),
        (_QUEUED, _RUNS, {"workers.w1.dispatched": -1, "workers.w1.running": 1}),
        (_RUNS, _DONE, {"workers.w1.running": -1, "workers.w1.done": 1}),
        (_RUNS, _FAILED, {"workers.w1.running": -1, "workers.w1.error": 1}),
        (_RUNS, ("INVALID_CONTENT", "w1"), {"workers.w1.running": -1, "workers.w1.invalid": 1}),
        (_RUNS, ("TO_DISPATCH", "w1"), {"workers.w1.running": -1, "workers.w1.retry": 1}),
        (_FAILED, ("TO_DELETE", "w1"), {"workers.w1.error": -1, "workers.w1.deletion": 1}),
        (_RUNS, ("DISPATCHED", "w2"), {"workers.w1.running": -1, "workers.w2.dispatched": 1}),
        (_RUNS, ("NO_WORKER_AVAILABLE", None), {"workers.w1.running": -1, "workers.no_worker_available": 1}),
        # A retry that finds no worker keeps the type of the last dispatch; the counter needs none.
        (
            _FAILED,
            ("NO_WORKER_AVAILABLE", "w1"),
            {"workers.w1.error": -1, "workers.no_worker_available": 1},
        ),
        # A request that was never dispatched is in no counter of a type.
        (("NO_WORKER_AVAILABLE", None), ("TO_DISPATCH", None), {"workers.no_worker_available": -1}),
        (_FAILED, None, {"workers.w1.error": -1, "workers.requests": -1}),
        (("NO_WORKER_AVAILABLE", None), None, {"workers.no_worker_available": -1, "workers.requests": -1}),
        # A new attempt at the same type is no change.
        (_QUEUED, _QUEUED, {}),
    ],
)
def test_it_applies_each_move_once(before: Place, after: Place, expected: dict[str, int]) -> None:
    assert _net((before, after)) == expected


def test_it_keeps_the_case_of_worker_types() -> None:
    assert "workers.Unzip.v2.dispatched" in _net((None, ("DISPATCHED", "Unzip.v2")))


def test_it_sends_nothing_that_evens_out() -> None:
    assert _net((_QUEUED, _RUNS), (_RUNS, _QUEUED)) == {}
    assert net_changes([(_KEY, _QUEUED, _RUNS), (_KEY, _RUNS, _QUEUED)]) == {}


def test_it_adds_the_moves_of_a_mixed_bulk_up() -> None:
    assert _net((None, _QUEUED), (None, _QUEUED), (_QUEUED, _RUNS), (_RUNS, _DONE), (_FAILED, None)) == {
        "workers.requests": 1,
        "workers.w1.dispatched": 1,
        "workers.w1.error": -1,
        "workers.w1.done": 1,
    }


def test_it_tells_sessions_apart() -> None:
    others = [(2, "acme", "2025-06"), (1, "acme-lab", "2025-06"), (1, "acme", "2025-061")]
    changes = net_changes((key, None, _QUEUED) for key in [*others, _KEY])
    assert list(changes) == sorted([*others, _KEY])
    assert {change.properties["workers.requests"] for change in changes.values()} == {1}


@pytest.mark.parametrize(
    ("status", "sums"),
    [
        ("NO_WORKER_AVAILABLE", {"waiting": 1}),
        ("DISPATCHED", {"running": 1}),
        ("RUNNING", {"running": 1}),
        ("ERROR", {"errors": 1}),
        ("INVALID_CONTENT", {"errors": 1}),
        ("SUCCESS", {"output_related": 1}),
        ("TO_DISPATCH", {}),
        ("TO_DELETE", {}),
    ],
)
def test_it_sums_up_counters_that_mean_the_same(status: str, sums: dict[str, int]) -> None:
    change = net_changes([(_KEY, None, (status, "w1"))])[_KEY]
    none = dict.fromkeys(("waiting", "running", "errors", "output_related"), 0)
    assert {name: getattr(change, name) for name in none} == none | sums
    assert change.input_related == 1


def test_it_counts_a_request_in_every_status_somewhere() -> None:
    assert all(
        len(_net((None, (status, "w1")))) == 2
        for status in frozenset(RequestStatus) - {RequestStatus.CANCELED}
    )
