"""The platform itself: jobs, dead letters, messages that do not leave, sweeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Min

from regards_processing.dashboard.links import Links
from regards_processing.dashboard.panels import Cell, Figure, Panel, Scope, Source, Tone, ago, limited
from regards_processing.kernel.dead_letters.models import DeadLetters
from regards_processing.kernel.dead_letters.queries import QueueCount, queue_counts
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import FINAL, JobState
from regards_processing.kernel.observability.sweeps import Sweep, last_runs, scheduled_sweeps
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.readable_durations import readable_duration

_DAY: Final = timedelta(days=1)
#: Jobs that are told: those that wait or run, and those that failed of late.
_JOBS: Final = 15
#: Sweeps that run so often have run since the platform is there.
_OFTEN: Final = timedelta(minutes=1)
#: Asking the broker takes a connection each time: it is done less often.
_BROKER_KEPT: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Jobs, as of a time."""

    active: Sequence[Job]
    failed: Sequence[Job]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """How many bulks have not left, and for how many seconds the oldest has waited."""

    bulks: int
    waited: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """When a sweep ran last."""

    sweep: Sweep
    ended: datetime | None
    late: bool


def read_jobs(scope: Scope) -> Jobs:
    """Read the jobs that have not ended, and those that failed of late; two statements."""
    jobs = Job.objects.within_reach(scope.tenant).select_related("tenant")
    active = jobs.exclude(state__in=sorted(FINAL)).order_by("created_at")
    failed = jobs.filter(state=JobState.FAILED, finished_at__gt=scope.at - _DAY).order_by("-finished_at")
    return Jobs(active=list(active[:_JOBS]), failed=list(failed[:_JOBS]), at=scope.at)


def show_jobs(found: Jobs, links: Links) -> Panel:
    """Show a line for each job."""
    rows, left_out = limited(
        (
            Cell(job.kind, links.to_row(Job, job.pk)),
            Cell(job.tenant.name if job.tenant else "-"),
            Cell(job.asked_by),
            Cell(job.state, tone=Tone.BAD if job.state == JobState.FAILED else Tone.PLAIN),
            Cell(f"{job.done:,} of {job.total:,}" if job.total is not None else f"{job.done:,}"),
            Cell(ago(job.created_at, found.at)),
        )
        for job in (*found.active, *found.failed)
    )
    return Panel(
        title=JOBS.title,
        columns=("Job", "Tenant", "Asked by", "State", "Done", "Since, ago"),
        rows=rows,
        left_out=left_out,
        note=f"Those that wait or run, and those that failed in the last 24 hours; {_JOBS} of each at most.",
        empty="No job waits or runs, and none failed in the last 24 hours.",
        address=links.to_list(Job),
    )


def read_dead_letters(_scope: Scope) -> list[QueueCount]:
    """Ask the broker; no statement."""
    return queue_counts()


def show_dead_letters(found: Sequence[QueueCount], links: Links) -> Panel:
    """Show a line for each queue."""
    total = sum(each.messages for each in found)
    address = links.to_platform_list(DeadLetters)
    return Panel(
        title=DEAD_LETTERS.title,
        columns=("Queue", "Messages"),
        rows=[
            (
                Cell(each.queue, links.to_platform_list(DeadLetters, queue=each.queue)),
                Cell(each.messages, tone=Tone.BAD if each.messages else Tone.PLAIN),
            )
            for each in found
        ],
        note="Of the whole platform.",
        address=address,
        figures=[
            Figure(
                label="dead letters",
                value=f"{total:,}",
                address=address,
                tone=Tone.BAD if total else Tone.PLAIN,
            )
        ],
    )


def read_outbox(scope: Scope) -> Outbox:
    """Read how much waits, and since when; one statement."""
    # Both from the index of the times alone: the rows are big.
    found = OutboxEntry.objects.aggregate(bulks=Count("created_at"), oldest=Min("created_at"))
    oldest = found["oldest"]
    waited = 0 if oldest is None else max(0, int((scope.at - oldest).total_seconds()))
    return Outbox(bulks=found["bulks"], waited=waited)


def show_outbox(found: Outbox, links: Links) -> Panel:
    """Show what waits for the broker."""
    late = found.waited > settings.OUTBOX_LAG
    tone = Tone.BAD if late else Tone.PLAIN
    address = links.to_platform_list(OutboxEntry)
    return Panel(
        title=OUTBOX.title,
        columns=("What", "How much"),
        rows=[
            (Cell("Bulks of messages that have not left", address), Cell(found.bulks)),
            (Cell("Seconds that the oldest has waited"), Cell(found.waited, tone=tone)),
        ],
        note="Of the whole platform. The broker does not take them." if late else "Of the whole platform.",
        address=address,
        figures=[Figure(label="outbox lag", value=f"{found.waited:,} s", address=address, tone=tone)],
    )


def read_sweeps(scope: Scope) -> list[Run]:
    """Read when each sweep ran last; one statement."""
    ran = last_runs()
    runs = [_run(sweep, ran.get(sweep.task), scope.at) for sweep in scheduled_sweeps()]
    return sorted(runs, key=lambda run: (not run.late, run.sweep.task))


def _run(sweep: Sweep, ended: datetime | None, at: datetime) -> Run:
    patience = 2 * sweep.period + timedelta(seconds=settings.SWEEP_SILENCE)
    if ended is None:
        # A new platform has not come to the rare ones.
        return Run(sweep=sweep, ended=None, late=sweep.period <= _OFTEN)
    return Run(sweep=sweep, ended=ended, late=at - ended > patience)


def show_sweeps(found: Sequence[Run], _links: Links) -> Panel:
    """Show a line for each sweep."""
    late = any(run.late for run in found)
    return Panel(
        title=SWEEPS.title,
        columns=("Sweep", "Every", "Last run, UTC", "State"),
        rows=[
            (
                Cell(run.sweep.task.rpartition(".")[2].replace("_", " ")),
                Cell(readable_duration(run.sweep.period // timedelta(milliseconds=1))),
                Cell(f"{run.ended:%Y-%m-%d %H:%M}" if run.ended else "never"),
                _state(run),
            )
            for run in found
        ],
        note="Of the whole platform. Are beat and jobs there?" if late else "Of the whole platform.",
    )


def _state(run: Run) -> Cell:
    if run.late:
        return Cell("late", tone=Tone.BAD)
    return Cell("on time", tone=Tone.GOOD) if run.ended else Cell("not yet")


JOBS: Final = Source(key="jobs", title="Jobs", model=Job, read=read_jobs, show=show_jobs)
DEAD_LETTERS: Final = Source(
    key="dead-letters",
    title="Dead letters",
    model=DeadLetters,
    read=read_dead_letters,
    show=show_dead_letters,
    of_platform=True,
    kept=_BROKER_KEPT,
)
OUTBOX: Final = Source(
    key="outbox",
    title="Outbox",
    model=OutboxEntry,
    read=read_outbox,
    show=show_outbox,
    of_platform=True,
)
#: They run on the workers of the jobs.
SWEEPS: Final = Source(
    key="sweeps", title="Sweeps", model=Job, read=read_sweeps, show=show_sweeps, of_platform=True
)
