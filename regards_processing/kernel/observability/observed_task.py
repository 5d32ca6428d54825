"""The base of every task of the jobs' workers: measured, named in the log, and known to have run."""

import logging
import time
from typing import Any

from celery.contrib.django.task import DjangoTask
from django.db import DatabaseError

from regards_processing.kernel import clock
from regards_processing.kernel.observability import sweeps
from regards_processing.kernel.observability.log_context import log_context
from regards_processing.kernel.observability.metrics import TASK_SECONDS

log = logging.getLogger(__name__)


class ObservedTask(DjangoTask[..., Any]):
    """A Celery task whose runs are seen; nothing else is different."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task."""
        started = time.perf_counter()
        outcome = "failed"
        with log_context(task=self.name):
            try:
                result = super().__call__(*args, **kwargs)
                outcome = "done"
            finally:
                TASK_SECONDS.labels(self.name, outcome).observe(time.perf_counter() - started)
            _note_run(self.name)
        return result


def _note_run(task: str) -> None:
    try:
        sweeps.note_run(task=task, at=clock.now())
    except DatabaseError as error:
        # The work itself is done; if this goes on, the check of the sweeps fails.
        log.warning("run not noted", extra={"action": "sweep.not_noted", "reason": repr(error)})
