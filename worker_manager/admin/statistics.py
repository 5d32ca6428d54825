"""How a worker type did of late, in one line for people."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from regards_processing.kernel.readable_durations import readable_duration
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.attempt_statistics import Percentiles, WorkerStatistics
from worker_manager.services.statistics import worker_statistics

_WHILE: Final = timedelta(hours=1)


def last_hour(*, tenant: Tenant, worker_type: str, at: datetime) -> str:
    """Return what a worker type did for a tenant in the last hour, or as far back as is looked."""
    found = worker_statistics(tenant=tenant, since=at - _WHILE, at=at)
    while_ = readable_duration((found.until - found.since) // timedelta(milliseconds=1))
    worker = next((one for one in found.workers if one.worker_type == worker_type), None)
    return f"Last {while_}: {_told(worker) if worker else 'no attempt ended'}"


def of_fleet(statistics: Mapping[str, Any] | None, *, at: datetime) -> str:
    """Return what the statistics of a fleet say, as `services.fleets` has them."""
    if statistics is None:
        return "none ended in the last hour"
    while_ = readable_duration((at - statistics["since"]) // timedelta(milliseconds=1))
    return (
        f"{statistics['attempts']} in {while_}, {statistics['perMinute']:g} a minute, "
        f"{statistics['errorShare']:.1%} errors; in queue {_range(statistics['queueSeconds'])}, "
        f"at work {_range(statistics['runSeconds'])}"
    )


def _told(worker: WorkerStatistics) -> str:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in worker.outcomes.items())
    return (
        f"{worker.attempts} attempts ended ({outcomes}), {worker.per_minute:g} a minute, "
        f"{worker.error_share:.1%} errors; in queue {_range(worker.queue_time)}, "
        f"at work {_range(worker.run_time)}"
    )


def _range(times: Percentiles | None) -> str:
    if times is None:
        return "unknown"
    return f"p50 {readable_duration(times.p50)}, p95 {readable_duration(times.p95)}"
