"""What of the platform itself needs attention: dead letters, messages that do not leave, jobs that failed."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import ngettext

from regards_processing.kernel import clock
from regards_processing.kernel.admin_links import list_address, may_view
from regards_processing.kernel.admin_notices import Notice
from regards_processing.kernel.dead_letters.models import DeadLetters
from regards_processing.kernel.dead_letters.queries import queue_counts
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.outbox.models import OutboxEntry

#: Failures that are older have been seen.
_FAILURES_OF: Final = timedelta(days=1)


def dead_letters(request: HttpRequest) -> Iterator[Notice]:
    """Tell of dead letters, queue by queue."""
    if not may_view(request, DeadLetters):
        return
    for each in queue_counts():
        if each.messages:
            address = list_address(DeadLetters, queue=each.queue)
            letters = ngettext("dead letter", "dead letters", each.messages)
            yield Notice(text=f"{letters} in {each.queue}", count=each.messages, address=address)


def stuck_messages(request: HttpRequest) -> Iterator[Notice]:
    """Tell of messages that have waited in the outbox for too long; one statement."""
    if not may_view(request, OutboxEntry):
        return
    before = clock.now() - timedelta(seconds=settings.OUTBOX_LAG)
    stuck = OutboxEntry.objects.filter(created_at__lt=before).count()
    if stuck:
        waited = ngettext("bulk of messages has waited", "bulks of messages have waited", stuck)
        told = f"{waited} for the broker for more than {settings.OUTBOX_LAG} s"
        yield Notice(text=told, count=stuck, address=list_address(OutboxEntry))


def failed_jobs(request: HttpRequest) -> Iterator[Notice]:
    """Tell of jobs that failed of late; one statement."""
    if not may_view(request, Job):
        return
    failed = Job.objects.of_any_tenant().in_state(JobState.FAILED)
    count = failed.filter(finished_at__gt=clock.now() - _FAILURES_OF).count()
    if count:
        address = list_address(Job, state__exact=JobState.FAILED.value)
        jobs = ngettext("job", "jobs", count)
        yield Notice(text=f"{jobs} failed in the last 24 hours", count=count, address=address)
