"""Which periodic tasks run, and when each ran last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from regards_processing.kernel.db import rows
from regards_processing.kernel.observability.models import SweepRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A periodic task as the schedule has it."""

    task: str
    #: Time between two runs.
    period: timedelta


def scheduled_sweeps() -> list[Sweep]:
    """Return the tasks that run every so many seconds."""
    return [
        Sweep(task=str(entry["task"]), period=timedelta(seconds=entry["schedule"]))
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if isinstance(entry["schedule"], int | float)
    ]


def note_run(*, task: str, at: datetime) -> None:
    """Store that a periodic task ran to its end; any other task is nothing to us."""
    if any(sweep.task == task for sweep in scheduled_sweeps()):
        rows.upsert(model=SweepRun, key=("task",), columns=("ended_at",), rows=[(task, at)])


def last_runs() -> Mapping[str, datetime]:
    """Return when each periodic task last ran to its end; tasks that never did are absent."""
    return dict(SweepRun.objects.values_list("task", "ended_at"))
