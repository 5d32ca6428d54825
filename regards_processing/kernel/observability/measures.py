"""What the kernel measures in the database: outbox, sweeps and jobs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from django.db.models import Count, Min
from prometheus_client.core import GaugeMetricFamily, Metric

from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import FINAL, JobState
from regards_processing.kernel.observability.sweeps import last_runs, scheduled_sweeps
from regards_processing.kernel.outbox.models import OutboxEntry

#: The names of the reference, what they mean here, and the states that they count.
_JOB_TOTALS: Final[Mapping[str, tuple[str, frozenset[JobState]]]] = {
    "regards_job_creation_count": ("Operator jobs that were created and are listed", frozenset(JobState)),
    "regards_job_done_count": ("Operator jobs that have ended and are listed", FINAL),
    "regards_running_job_count": ("Operator jobs that are running", frozenset({JobState.RUNNING})),
}


def outbox(at: datetime) -> Iterator[Metric]:
    """Measure what waits in the outbox."""
    # Both from the index of the times alone: the rows are big.
    found = OutboxEntry.objects.aggregate(entries=Count("created_at"), oldest=Min("created_at"))
    oldest = found["oldest"]
    age = 0.0 if oldest is None else max(0.0, (at - oldest).total_seconds())
    yield _gauge("regards_outbox_entries", "Bulks that have not left yet", found["entries"])
    yield _gauge("regards_outbox_age_seconds", "Age of the oldest bulk that has not left yet", age)


def sweeps(at: datetime) -> Iterator[Metric]:
    """Measure how long ago each periodic task ran to its end."""
    ages = GaugeMetricFamily(
        "regards_sweep_age_seconds",
        "Time since a periodic task last ran to its end; absent if it never did",
        labels=["task"],
    )
    ran = last_runs()
    for task in sorted({sweep.task for sweep in scheduled_sweeps()} & set(ran)):
        ages.add_metric([task], max(0.0, (at - ran[task]).total_seconds()))
    yield ages


def jobs(_at: datetime) -> Iterator[Metric]:
    """Count the operator jobs that are listed, finished ones included until they are forgotten."""
    listed = GaugeMetricFamily("regards_jobs", "Operator jobs by kind and state", labels=["kind", "state"])
    totals: dict[str, Counter[str]] = {name: Counter() for name in _JOB_TOTALS}
    found = Job.objects.of_any_tenant().order_by().values_list("kind", "state").annotate(count=Count("pk"))
    for kind, state, count in found:
        listed.add_metric([kind, state], count)
        for name, (_, states) in _JOB_TOTALS.items():
            totals[name][kind] += count if state in states else 0
    yield listed
    for name, (meaning, _) in _JOB_TOTALS.items():
        family = GaugeMetricFamily(name, meaning, labels=["kind"])
        for kind, count in totals[name].items():
            family.add_metric([kind], count)
        yield family


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)
