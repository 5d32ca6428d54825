"""Executions: how many of each process and status, and the newest that ended badly."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from regards_processing.dashboard.executions import BADLY, Executions, executions_of
from regards_processing.dashboard.links import Links
from regards_processing.dashboard.panels import Cell, Figure, Panel, Scope, Source, Tone, ago, limited
from regards_processing.processing.models import Execution
from regards_processing.processing.states import FINAL, OPEN, ExecutionStatus

_WHILE: Final = timedelta(days=1)
_MOST: Final = 5000
_FAILURES: Final = 10
#: Characters of a message that are shown.
_SHOWN: Final = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The executions, as of a time."""

    executions: Executions
    at: datetime


def read(scope: Scope) -> Looked:
    """Read open executions and those that ended of late; four statements."""
    since = scope.at - _WHILE
    found = executions_of(tenant=scope.tenant, since=since, at=scope.at, most=_MOST, failures=_FAILURES)
    return Looked(executions=found, at=scope.at)


def show_counts(found: Looked, links: Links) -> Panel:
    """Show a line for each process, those with most open executions first."""
    counts = found.executions.counts
    opened = {process: 0 for process, _ in counts}
    for (process, status), count in counts.items():
        opened[process] += count if status in OPEN else 0
    busiest = sorted(opened, key=lambda process: (-opened[process], process))
    shown = [status for status in ExecutionStatus if status in FINAL or _has(found, status)]
    rows, left_out = limited(
        (
            Cell(process, links.to_list(Execution, process_name=process)),
            *(_count(found, process, status, links) for status in shown),
        )
        for process in busiest
    )
    total = sum(opened.values())
    figure = Figure(label="executions open", value=f"{total:,}", address=links.to_list(Execution))
    cut = f" Of those no more than {_MOST:,} are looked at." if sum(counts.values()) >= _MOST else ""
    return Panel(
        title=COUNTS.title,
        columns=("Process", *(status.value for status in shown)),
        rows=rows,
        left_out=left_out,
        note=f"Open ones, and the newest that ended in the last 24 hours.{cut}",
        empty="None is open, and none ended in the last 24 hours.",
        address=links.to_list(Execution),
        figures=[figure],
    )


def show_failures(found: Looked, links: Links) -> Panel:
    """Show the newest that ended badly, each with its page."""
    return Panel(
        title=FAILURES.title,
        columns=("Process", "Status", "Message", "Ended, ago"),
        rows=[
            (
                Cell(failure.process, links.to_row(Execution, failure.id)),
                Cell(failure.status.value, tone=Tone.BAD),
                Cell(failure.message[:_SHOWN] or "-"),
                Cell(ago(failure.ended, found.at)),
            )
            for failure in found.executions.failures
        ],
        empty="None ended badly in the last 24 hours.",
        address=links.to_list(Execution, status__exact=ExecutionStatus.FAILURE.value),
    )


def _has(found: Looked, status: ExecutionStatus) -> bool:
    return any(each is status for _, each in found.executions.counts)


def _count(found: Looked, process: str, status: ExecutionStatus, links: Links) -> Cell:
    count = found.executions.counts.get((process, status), 0)
    if not count:
        return Cell(0)
    address = links.to_list(Execution, process_name=process, status__exact=status.value)
    return Cell(count, address, Tone.BAD if status in BADLY else Tone.PLAIN)


COUNTS: Final = Source(
    key="executions", title="Executions by process", model=Execution, read=read, show=show_counts
)
#: The same reading as that of the counts.
FAILURES: Final = Source(
    key="executions", title="Latest executions that failed", model=Execution, read=read, show=show_failures
)
