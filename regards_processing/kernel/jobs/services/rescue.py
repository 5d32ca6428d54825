"""The watchdog of jobs: messages that were lost, and runs that fell silent."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from regards_processing.kernel.db.locks import one_at_a_time
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.services.scheduling import schedule_jobs
from regards_processing.kernel.jobs.states import JobState

log = logging.getLogger(__name__)


def sweep_jobs(*, at: datetime) -> int:
    """Take back the jobs that nobody runs any more, then queue those whose turn it is; return how many."""
    rescue_lost_jobs(at=at)
    return schedule_jobs(at=at)


@transaction
def rescue_lost_jobs(*, at: datetime) -> int:
    """Take back queued jobs that nobody started and running ones that fell silent; return how many.

    A silent job that was cancelled is aborted; one that was lost too often at the same page fails.
    """
    one_at_a_time("schedule jobs")
    jobs = Job.objects.of_any_tenant()
    late = at - timedelta(seconds=settings.JOB_START_TIMEOUT)
    unstarted = jobs.in_state(JobState.QUEUED).filter(queued_at__lt=late).move(to=JobState.PENDING)
    silent = jobs.silent_since(at - timedelta(seconds=settings.JOB_SILENCE))
    aborted = silent.exclude(cancelled_by=None).move(
        to=JobState.ABORTED, finished_at=at, message="Cancelled; its last run fell silent"
    )
    failed = silent.filter(lost_attempts__gte=settings.JOB_MAX_LOST_ATTEMPTS - 1).move(
        to=JobState.FAILED,
        finished_at=at,
        lost_attempts=F("lost_attempts") + 1,
        message=f"Given up: {settings.JOB_MAX_LOST_ATTEMPTS} runs were lost at the same page",
    )
    resumed = silent.move(to=JobState.PENDING, lost_attempts=F("lost_attempts") + 1)
    rescued = unstarted + aborted + failed + resumed
    if rescued:
        counts = {"unstarted": unstarted, "aborted": aborted, "failed": failed, "resumed": resumed}
        log.warning("lost jobs taken back", extra={"action": "job.rescued", **counts})
    return rescued
