"""Forget finished jobs in time."""

from datetime import datetime, timedelta

from django.conf import settings

from regards_processing.kernel.jobs.models import Job, JobQuerySet
from regards_processing.kernel.jobs.states import FINAL, JobState


def forget_finished_jobs(*, at: datetime) -> int:
    """Drop finished jobs that are older than their retention, in pieces; return how many."""
    jobs = Job.objects.of_any_tenant()
    succeeded = jobs.in_state(JobState.SUCCEEDED)
    others = jobs.in_state(*FINAL.difference({JobState.SUCCEEDED}))
    return _forget(succeeded, at - timedelta(seconds=settings.JOB_SUCCEEDED_KEPT)) + _forget(
        others, at - timedelta(seconds=settings.JOB_FAILED_KEPT)
    )


def _forget(jobs: JobQuerySet, before: datetime) -> int:
    old, forgotten = jobs.filter(finished_at__lt=before).order_by("finished_at"), 0
    while page := list(old.values_list("pk", flat=True)[: settings.SWEEP_PAGE]):
        forgotten += Job.objects.of_any_tenant().filter(pk__in=page).delete()[0]
    return forgotten
