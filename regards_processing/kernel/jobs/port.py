"""Through whom jobs reach the jobs workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol
from uuid import UUID

from celery import Celery, current_app
from celery.exceptions import OperationalError

from regards_processing.kernel.amqp.errors import BrokerUnavailable

#: The one task that runs jobs (`tasks.run_job`).
RUN_JOB: Final = "regards_processing.kernel.jobs.tasks.run_job"


class JobSender(Protocol):
    """Asks the jobs workers to run a job."""

    def send(self, job_id: UUID) -> None:
        """Send the message.

        Raises:
            BrokerUnavailable: it may not have left.
        """
        ...


class CelerySender:
    """Sends a task message. All runs of a job have its id, so Celery keeps one result for each job."""

    def __init__(self, app: Celery = current_app) -> None:
        self._app = app

    def send(self, job_id: UUID) -> None:
        """Send the message."""
        try:
            self._app.send_task(RUN_JOB, kwargs={"job_id": str(job_id)}, task_id=str(job_id))
        except (OperationalError, OSError) as error:
            raise BrokerUnavailable(str(error)) from error


_senders: Final[list[JobSender]] = [CelerySender()]


def sender() -> JobSender:
    """Return what sends: Celery, unless a substitute stands in for it."""
    return _senders[-1]


@contextmanager
def sending_through(substitute: JobSender) -> Iterator[None]:
    """Let everything in this process send through ``substitute`` while the block runs."""
    _senders.append(substitute)
    try:
        yield
    finally:
        _senders.remove(substitute)
