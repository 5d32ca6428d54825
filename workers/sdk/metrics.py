"""What a worker process counts. All of it happens in the main process, whatever the pool."""

from functools import cache
from typing import Final

from prometheus_client import Counter, Histogram, disable_created_metrics

# Another series for each of ours, that only says when it was first written.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library has no type for it

#: Outcomes beside the statuses of answers: the process that ran the work died, or nobody awaited an answer.
LOST: Final = "LOST"
CANCELED: Final = "CANCELED"

TASKS: Final = Counter(
    "regards_worker_tasks_total",
    "Requests that were worked on, by worker type and outcome",
    ("type", "outcome"),
)
TASK_SECONDS: Final = Histogram(
    "regards_worker_task_seconds",
    "Time that the work on a request took, by worker type",
    ("type",),
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 21600.0),
)


def count_task(*, worker_type: str, outcome: str, seconds: float | None) -> None:
    """Count one request that is done with; ``seconds`` is absent when no work was begun."""
    _counter(worker_type, outcome).inc()
    if seconds is not None:
        _histogram(worker_type).observe(seconds)


@cache
def _counter(worker_type: str, outcome: str) -> Counter:
    return TASKS.labels(worker_type, outcome)


@cache
def _histogram(worker_type: str) -> Histogram:
    return TASK_SECONDS.labels(worker_type)
