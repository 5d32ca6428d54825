"""What the doctor asks about the platform's processes."""

import resource
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.conf import settings

from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.findings import Finding, failed, ok, warning
from regards_processing.kernel.observability.sweeps import last_runs, scheduled_sweeps

#: Files and sockets that a process may have open without trouble.
_FEW_FILES: Final = 1024
#: Periods of a sweep that may pass without a run.
_PATIENCE: Final = 3
_START: Final = """\
celery -A regards_processing beat
celery -A regards_processing worker"""


def sweeps(at: datetime) -> Iterator[Finding]:
    """See whether beat sends the periodic tasks, and the jobs workers run them."""
    ran = last_runs()
    late, never, well = [], [], 0
    for sweep in scheduled_sweeps():
        name, last = sweep.task.rpartition(".")[2], ran.get(sweep.task)
        patience = max(_PATIENCE * sweep.period.total_seconds(), settings.SWEEP_SILENCE)
        if last is None:
            never.append(name)
        elif (at - last).total_seconds() > patience:
            late.append(f"{name} ({(at - last).total_seconds():.0f} s ago)")
        else:
            well += 1
    if late:
        yield failed(f"These sweeps have stopped: {', '.join(late)}", advice=_START)
    if never and not well:
        yield warning("No sweep has ever run", advice=_START)
    elif never:
        yield ok(f"{', '.join(never)}: not run yet")
    if well:
        yield ok(f"{well} sweeps run")


def files(_at: datetime) -> Iterator[Finding]:
    """See how many files and sockets a process may have open."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < _FEW_FILES:
        yield warning(
            f"A process of this user may have {most} files and sockets open, {_FEW_FILES} are advised",
            advice=f"ulimit -n {_FEW_FILES}, or LimitNOFILE={_FEW_FILES} in the unit of the service.",
        )
        return
    yield ok("Processes of this user may have enough files and sockets open")


CHECKS: Final = (
    Check(
        name="sweeps",
        question="Do beat and jobs run the sweeps?",
        look=sweeps,
        needs=("database", "migrations"),
    ),
    Check(name="files", question="May processes open enough files?", look=files),
)
