"""Fleets: who serves which worker type and how it does; and what is paused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from regards_processing.dashboard.links import Links
from regards_processing.dashboard.panels import (
    MOST_COUNTED,
    Cell,
    Figure,
    Panel,
    Scope,
    Source,
    Tone,
    ago,
    limited,
)
from regards_processing.kernel.readable_durations import readable_duration
from worker_manager.attempt_statistics import Percentiles, WorkerStatistics
from worker_manager.fleet_overview import Fleet, count_alive, fleet_overview
from worker_manager.models import Pause, PauseKind, WorkerInstance
from worker_manager.overview import late_statistics
from worker_manager.services.pauses import list_pauses

#: How far back statistics look, and at how many of the newest requests.
_WHILE: Final = timedelta(minutes=5)
_MOST: Final = 1000
_ABSENT: Final = "-"
#: Rates from here on are told without decimals.
_MANY: Final = 100
_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleets:
    """The fleets, and how each did of late, by worker type."""

    fleets: Sequence[Fleet]
    late: Mapping[str, WorkerStatistics]
    #: Not all that ended of late was looked at.
    late_is_cut: bool
    #: Instances, each once.
    alive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """The pauses, as of a time."""

    pauses: Sequence[_Row]
    at: datetime


def read_fleets(scope: Scope) -> Fleets:
    """Read the fleets; seven statements."""
    since = scope.at - _WHILE
    late = late_statistics(tenant=scope.tenant, since=since, at=scope.at, most=_MOST)
    fleets = fleet_overview(tenant=scope.tenant, at=scope.at, most=MOST_COUNTED)
    return Fleets(
        fleets=fleets,
        late={worker.worker_type: worker for worker in late.workers},
        late_is_cut=late.cut,
        alive=count_alive(at=scope.at),
    )


def show_fleets(found: Fleets, links: Links) -> Panel:
    """Show a line for each worker type, those that need somebody first."""
    needy = sorted(found.fleets, key=lambda fleet: (bool(fleet.alive), not fleet.waiting, fleet.worker_type))
    rows, left_out = limited(_fleet(fleet, found.late.get(fleet.worker_type), links) for fleet in needy)
    return Panel(
        title=FLEETS.title,
        columns=(
            "Worker type",
            "Alive",
            "Silent",
            "In flight",
            "Limit",
            "Running",
            "Waiting",
            "Held",
            "Paused",
            "Attempts a minute",
            "Errors",
            "In queue p50 / p95",
            "At work p50 / p95",
        ),
        rows=rows,
        left_out=left_out,
        note=_note(found),
        empty="No worker type is configured, and none was heard.",
        address=links.to_fleet(),
        figures=[
            Figure(
                label="instances alive",
                value=f"{found.alive:,}",
                address=links.to_fleet(),
                tone=Tone.PLAIN if found.alive else Tone.WARN,
            )
        ],
        wide=True,
    )


def _note(found: Fleets) -> str:
    newest = f"the newest {_MOST:,} requests" if found.late_is_cut else "requests"
    told = f"Rates and times are those of {newest} that ended in the last {_WHILE.seconds // 60} minutes. "
    if any(fleet.cut for fleet in found.fleets):
        told += f"Only {MOST_COUNTED:,} requests of each status are counted: there are more."
    return told


def _fleet(fleet: Fleet, late: WorkerStatistics | None, links: Links) -> tuple[Cell, ...]:
    served = Cell(fleet.alive) if fleet.alive else Cell("nobody", tone=Tone.BAD)
    return (
        Cell(fleet.worker_type, links.to_fleet(fleet.worker_type)),
        served,
        Cell(fleet.silent, tone=Tone.WARN if fleet.silent else Tone.PLAIN),
        Cell(fleet.in_flight),
        Cell(_ABSENT if fleet.limit is None else fleet.limit),
        Cell(fleet.running),
        Cell(fleet.waiting, tone=Tone.BAD if fleet.waiting and not fleet.alive else Tone.PLAIN),
        Cell(fleet.held),
        _paused(fleet, links),
        *_late(late),
    )


def _paused(fleet: Fleet, links: Links) -> Cell:
    if not (fleet.paused or fleet.paused_for_some):
        return Cell(_ABSENT)
    told = "paused" if fleet.paused else "for some tenants"
    return Cell(told, links.to_platform_list(Pause), Tone.WARN)


def _late(late: WorkerStatistics | None) -> tuple[Cell, ...]:
    if late is None:
        return (Cell(_ABSENT),) * 4
    return (
        Cell(_rate(late.per_minute)),
        Cell(f"{late.error_share:.1%}", tone=Tone.BAD if late.error_share else Tone.PLAIN),
        Cell(_range(late.queue_time)),
        Cell(_range(late.run_time)),
    )


def _rate(per_minute: float) -> str:
    """Return three digits at least, and never an exponent."""
    return f"{per_minute:,.0f}" if per_minute >= _MANY else f"{per_minute:.3g}"


def _range(times: Percentiles | None) -> str:
    if times is None:
        return _ABSENT
    return f"{readable_duration(times.p50)} / {readable_duration(times.p95)}"


def read_pauses(scope: Scope) -> Paused:
    """Read what is paused; three statements at most."""
    return Paused(pauses=list_pauses(tenant=scope.tenant), at=scope.at)


def show_pauses(found: Paused, links: Links) -> Panel:
    """Show a line for each pause, those that hold most requests first."""
    rows, left_out = limited(
        (
            Cell(f"{_kind(pause)} {pause['name']}", links.to_platform_list(Pause)),
            Cell(pause["tenant"] or "everybody"),
            Cell(pause["pausedBy"]),
            Cell(ago(pause["since"], found.at)),
            Cell(pause["inFlight"]),
            Cell(pause["held"], tone=Tone.WARN if pause["held"] else Tone.PLAIN),
        )
        for pause in sorted(found.pauses, key=lambda pause: -pause["held"])
    )
    return Panel(
        title=PAUSES.title,
        columns=("What", "For", "By", "Since, ago", "In flight", "Held"),
        rows=rows,
        left_out=left_out,
        empty="Nothing is paused.",
        address=links.to_platform_list(Pause),
    )


def _kind(pause: _Row) -> str:
    return str(PauseKind(pause["kind"]).label).capitalize()


FLEETS: Final = Source(key="fleets", title="Fleets", model=WorkerInstance, read=read_fleets, show=show_fleets)
PAUSES: Final = Source(key="pauses", title="Pauses", model=Pause, read=read_pauses, show=show_pauses)
