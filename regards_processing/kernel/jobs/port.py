"""Through whom jobs reach the jobs workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol
from uuid import UUID

from celery import Celery, current_app

from regards_processing.kernel.amqp.connection import address_from_settings, broker_errors

#: The one task that runs jobs (`tasks.run_job`).
RUN_JOB: Final = "regards_processing.kernel.jobs.tasks.run_job"
#: Seconds to wait for the broker's word, each time: web servers, managers and sweeps send jobs, and the
#: sweep sends again what did not leave.
_PATIENCE: Final = 5.0
#: A second time, at once: the connection may be one that the broker has given up long ago.
_AGAIN: Final = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


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

    def __init__(self, app: Celery = current_app, *, patience: float = _PATIENCE) -> None:
        self._app = app
        self._options: dict[str, Any] = {
            "timeout": patience,
            "confirm_timeout": patience,
            "retry_policy": _AGAIN,
        }

    def send(self, job_id: UUID) -> None:
        """Send the message."""
        with broker_errors(address_from_settings()), self._app.producer_or_acquire() as producer:
            try:
                self._app.send_task(
                    RUN_JOB,
                    kwargs={"job_id": str(job_id)},
                    task_id=str(job_id),
                    producer=producer,
                    **self._options,
                )
            except Exception:
                # Else the pool takes leave of the broker, and waits for its answer without end.
                producer.connection.collect()
                raise


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
