"""What the engine counts while it works, once the transaction that did it has committed.

Labels are tenants, statuses and worker types that are configured: few.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import prometheus_client as prometheus

from regards_processing.kernel.db.transactions import after_commit
from worker_manager import forks
from worker_manager.models import Request
from worker_manager.services.dropped import Dropped
from worker_manager.states import FAILED, RequestStatus
from workers.contract.work_answer import WorkAnswer

Tenants = Mapping[int, str]
#: How often, by the values of labels.
Counts = Counter[tuple[str, ...]]

_ENDS: Final = FAILED | {RequestStatus.SUCCESS}

RECEIVED: Final = prometheus.Counter(
    "regards_requests_received_total",
    "Requests that clients sent, by what became of them: stored, refused or repeated",
    ("tenant", "outcome"),
)
DISPATCHED: Final = prometheus.Counter(
    "regards_requests_dispatched_total", "Dispatches to workers", ("tenant", "type")
)
ANSWERS: Final = prometheus.Counter(
    "regards_answers_total",
    "Answers of workers, by what they said and whether it counted: applied or dropped",
    ("status", "outcome"),
)
FINISHED: Final = prometheus.Counter(
    "regards_requests_finished_total", "Requests that ended", ("tenant", "status", "type")
)
CONFIGURATION_UPDATES: Final = prometheus.Counter(
    "regards_configuration_updates_total", "Changes of worker types and workflows that this manager heard of"
)
REQUEST_SECONDS: Final = prometheus.Histogram(
    "regards_request_seconds",
    "Time from the reception of a request to its end, by its last worker type",
    ("type",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0),
)
DISPATCH_DELAY: Final = prometheus.Histogram(
    "regards_dispatch_delay_seconds",
    "Time that a request waited for its first dispatch; those dispatched at once are not among them",
    ("type",),
    buckets=(0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0),
)
_STEP_BUCKETS: Final = (0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 21600.0, 86400.0)
STEP_QUEUE_SECONDS: Final = prometheus.Histogram(
    "regards_step_queue_seconds",
    "Time from a dispatch to the start of work, where that is known, of attempts that ended",
    ("type",),
    buckets=_STEP_BUCKETS,
)
STEP_RUN_SECONDS: Final = prometheus.Histogram(
    "regards_step_run_seconds",
    "Time that work took, where that is known, of attempts that ended",
    ("type",),
    buckets=_STEP_BUCKETS,
)


def configuration_heard(*, updates: int) -> None:
    """Count changes of the configuration that were heard of."""
    CONFIGURATION_UPDATES.inc(updates)


def received(
    *, stored: Sequence[Request], refused: Sequence[str], unanswered: int, repeated: int, tenants: Tenants
) -> None:
    """Count the requests of a bulk.

    Args:
        stored: the requests that were stored.
        refused: the tenant of each request that was refused.
        unanswered: how many were kept as dead letters: too big, or of no active tenant.
        repeated: how many the broker delivered a second time.
        tenants: names by primary key.
    """
    outcomes = Counts((tenants[request.tenant_id], "stored") for request in stored)
    outcomes.update((tenant, "refused") for tenant in refused)
    outcomes.update({("", "dead_lettered"): unanswered, ("", "repeated"): repeated})
    dispatched = _dispatches(stored, tenants)

    def count() -> None:
        _add(RECEIVED, outcomes)
        _add(DISPATCHED, dispatched)

    after_commit(count)


def moved(*, requests: Sequence[Request], tenants: Tenants) -> None:
    """Count what a bulk of moved requests means: dispatches, and requests that ended."""
    ended = [request for request in requests if request.status in _ENDS]
    finished = Counts(
        (tenants[request.tenant_id], request.status, request.dispatched_worker_type or "")
        for request in requests
        if request.status in _ENDS or request.status == RequestStatus.CANCELED
    )
    dispatched = _dispatches(requests, tenants)
    durations = [(request.dispatched_worker_type or "", _seconds(request)) for request in ended]
    delays = [
        (request.dispatched_worker_type or "", _seconds(request))
        for request in requests
        if request.status == RequestStatus.DISPATCHED and request.attempt == 1
    ]
    attempts = [attempt for request in requests for attempt in request.ended_attempts]
    queued = [(one.worker_type, one.queue_time / 1000) for one in attempts if one.queue_time is not None]
    ran = [(one.worker_type, one.run_time / 1000) for one in attempts if one.run_time is not None]

    def count() -> None:
        _add(FINISHED, finished)
        _add(DISPATCHED, dispatched)
        _observe(REQUEST_SECONDS, durations)
        _observe(DISPATCH_DELAY, delays)
        _observe(STEP_QUEUE_SECONDS, queued)
        _observe(STEP_RUN_SECONDS, ran)

    after_commit(count)


def answered(*, answers: Sequence[WorkAnswer], dropped: Sequence[Dropped]) -> None:
    """Count the answers of a bulk; ``dropped`` are those that did not count."""
    said = Counter(answer.status.value for answer in answers)
    void = Counter(answers[drop.position].status.value for drop in dropped)
    outcomes = Counts({(status, "applied"): count - void[status] for status, count in said.items()})
    outcomes.update({(status, "dropped"): count for status, count in void.items()})
    after_commit(lambda: _add(ANSWERS, outcomes))


def _dispatches(requests: Sequence[Request], tenants: Tenants) -> Counts:
    return Counts(
        (tenants[request.tenant_id], request.dispatched_worker_type or "") for request in forks.sent(requests)
    )


def _seconds(request: Request) -> float:
    """Return the time from the reception of a request to its last move."""
    return max(0.0, (request.moved_at - request.creation_date).total_seconds())


def _add(counter: prometheus.Counter, counts: Counts) -> None:
    for labels, count in counts.items():
        if count:
            counter.labels(*labels).inc(count)


def _observe(histogram: prometheus.Histogram, observed: Sequence[tuple[str, float]]) -> None:
    by_type: dict[str, list[float]] = {}
    for worker_type, seconds in observed:
        by_type.setdefault(worker_type, []).append(seconds)
    for worker_type, durations in by_type.items():
        # Found once for all: that costs several times as much as to observe.
        child = histogram.labels(worker_type)
        for seconds in durations:
            child.observe(seconds)
