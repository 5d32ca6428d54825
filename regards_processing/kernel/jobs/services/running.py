"""Run a job: page after page, until it is done, its slice of time is over, or somebody stops it."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.db.models.functions import Coalesce

from regards_processing.kernel.audit.storable import storable_text
from regards_processing.kernel.correlation import correlated
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs import kinds
from regards_processing.kernel.jobs.context import JobContext
from regards_processing.kernel.jobs.models import Job, JobQuerySet
from regards_processing.kernel.jobs.services import scheduling
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant, seeing_tenant

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
_MAX_MESSAGE: Final = 2000


class JobTaken(DomainError):
    """This run is no longer the job's: it was silent for too long, and the job was taken up again."""

    code = "JOB_TAKEN"

    def __init__(self, job: Job) -> None:
        super().__init__(f"Run {job.attempt} of job {job.pk} was silent for too long: another has the job")


def run_job(*, job_id: UUID, now: Clock) -> JobState | None:
    """Run a queued job for one slice of time; return its state, or none when there is nothing to run.

    A message that comes twice finds the job running or finished, and does nothing. Between two pages the job
    stops when it was cancelled, and goes back to the end of the line when its slice is over.

    Raises:
        Exception: a page failed, and the job with it; or the database is away, and the sweep takes the
            job up again.
    """
    job = _claim(job_id, now())
    if job is None:
        log.info("nothing to run", extra={"action": "job.skipped", "job": str(job_id)})
        return None
    with correlated(job.correlation_id):
        try:
            state = _run_slice(job, now)
        except JobTaken as taken:
            log.warning(str(taken), extra={"action": "job.taken", "job": str(job_id)})
            return None
        except (OperationalError, InterfaceError):
            # The database, not the job: it stays RUNNING and silent until the sweep takes it up again.
            raise
        except Exception as error:
            _fail(job, error, now())
            raise
        log.info("job run", extra={"action": "job.run", "job": str(job_id), "state": state.value})
    scheduling.schedule_jobs(at=now())
    return state


def _claim(job_id: UUID, at: datetime) -> Job | None:
    jobs = Job.objects.of_any_tenant().filter(pk=job_id)
    claimed = jobs.in_state(JobState.QUEUED).move(
        to=JobState.RUNNING,
        attempt=F("attempt") + 1,
        started_at=Coalesce("started_at", at),
        beaten_at=at,
    )
    return jobs.select_related("tenant").get() if claimed else None


def _run_slice(job: Job, now: Clock) -> JobState:
    end = now() + timedelta(seconds=settings.JOB_SLICE)
    while not _stopped(job, now()):
        _do_page(job, now())
        if job.state == JobState.SUCCEEDED:
            return JobState.SUCCEEDED
        if now() >= end:
            if not _held(job).move(to=JobState.PENDING):
                raise JobTaken(job)
            return JobState.PENDING
    return JobState.ABORTED


def _stopped(job: Job, at: datetime) -> bool:
    """Abort the job when somebody cancelled it, and say whether."""
    cancelled = _held(job).exclude(cancelled_by=None)
    return bool(cancelled.move(to=JobState.ABORTED, finished_at=at, message="Cancelled between two pages"))


def _do_page(job: Job, at: datetime) -> None:
    """Do the next page and note it, in one transaction that sees the rows of the job's tenant only.

    Raises:
        JobTaken: the job is no longer ours; the page is rolled back.
    """
    sight = seeing_tenant(job.tenant.pk) if job.tenant else seeing_every_tenant()
    with sight, transaction():
        _do(job, at)
        if not _note(job, at):
            raise JobTaken(job)


def _do(job: Job, at: datetime) -> None:
    kind = kinds.find(job.kind)
    context = JobContext(job_id=job.pk, tenant=job.tenant, at=at, state=job.checkpoint)
    page = kind.page(context, kind.parameters.from_json(job.parameters))
    job.done += page.done
    job.total = job.total if page.total is None else page.total
    job.outcome = dict(Counter(job.outcome) + Counter(page.counts))
    job.checkpoint = dict(page.state or {})
    if page.state is None:
        job.state = JobState.SUCCEEDED


def _note(job: Job, at: datetime) -> int:
    progress = {name: getattr(job, name) for name in ("done", "total", "outcome", "checkpoint")}
    if job.state == JobState.SUCCEEDED:
        return _held(job).move(to=JobState.SUCCEEDED, finished_at=at, beaten_at=at, **progress)
    return _held(job).update(beaten_at=at, lost_attempts=0, **progress)


def _fail(job: Job, error: Exception, at: datetime) -> None:
    text = str(error) if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
    message = storable_text(text, longest=_MAX_MESSAGE)
    _held(job).move(to=JobState.FAILED, finished_at=at, message=message)
    log.warning("job failed", extra={"action": "job.failed", "job": str(job.pk), "reason": message})


def _held(job: Job) -> JobQuerySet:
    """Return the job while this run has it; nothing as soon as it was taken away."""
    return Job.objects.of_any_tenant().filter(pk=job.pk, attempt=job.attempt).in_state(JobState.RUNNING)
