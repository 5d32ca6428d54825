"""The tasks of the jobs workers that concern jobs: doors to one service each."""

from uuid import UUID

from celery import shared_task

from regards_processing.kernel import clock
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs.services import rescue, retention, running


@shared_task(throws=(DomainError,))
def run_job(*, job_id: str, **_ignored: object) -> str | None:
    """Run a job for one slice of time; the result is the job's state after it."""
    return running.run_job(job_id=UUID(job_id), now=clock.now)


@shared_task
def sweep_jobs(**_ignored: object) -> int:
    """Take lost jobs back and queue those whose turn it is."""
    return rescue.sweep_jobs(at=clock.now())


@shared_task
def forget_finished_jobs(**_ignored: object) -> int:
    """Drop finished jobs that are old enough."""
    return retention.forget_finished_jobs(at=clock.now())
