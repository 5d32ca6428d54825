"""Hand jobs to the jobs workers, tenant by tenant in turn."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Max, Q, Window
from django.db.models.functions import RowNumber

from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.db.locks import one_at_a_time
from regards_processing.kernel.db.transactions import after_commit, transaction
from regards_processing.kernel.jobs import turns
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.port import sender
from regards_processing.kernel.jobs.states import ACTIVE, JobState
from regards_processing.kernel.jobs.turns import Limits, Owner
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant

log = logging.getLogger(__name__)


def schedule_jobs(*, at: datetime) -> int:
    """Queue the jobs whose turn it is; return how many.

    Who has had its turn is read from the table, so any number of processes may do this: one at a time.
    Jobs of inactive tenants wait.
    """
    # Whoever submits a job may see one tenant's rows only, and its turn depends on all.
    with seeing_every_tenant(), transaction():
        return _queue_next(at)


def _queue_next(at: datetime) -> int:
    one_at_a_time("schedule jobs")
    limits = Limits(per_owner=settings.JOBS_PER_TENANT, overall=settings.JOBS_AT_ONCE)
    waiting = _waiting(limits.per_owner)
    if not waiting:
        return 0
    chosen = turns.choose(
        waiting=waiting, active=_active(), last_turns=_last_turns(list(waiting)), limits=limits
    )
    pending = Job.objects.of_any_tenant().filter(pk__in=chosen).in_state(JobState.PENDING)
    queued = pending.move(to=JobState.QUEUED, queued_at=at)
    after_commit(lambda: _send(chosen))
    return queued


def _waiting(each: int) -> dict[Owner, list[UUID]]:
    """Return the next jobs of each owner, as many as it may have at a time."""
    place = Window(RowNumber(), partition_by=F("tenant"), order_by=(F("priority").desc(), "created_at", "pk"))
    pending = Job.objects.of_any_tenant().in_state(JobState.PENDING)
    served = pending.filter(Q(tenant=None) | Q(tenant__active=True)).annotate(place=place)
    found: dict[Owner, list[UUID]] = {}
    for owner, job_id in served.filter(place__lte=each).order_by("place").values_list("tenant", "pk"):
        found.setdefault(owner, []).append(job_id)
    return found


def _active() -> dict[Owner, int]:
    active = Job.objects.of_any_tenant().in_state(*ACTIVE)
    return dict(active.values_list("tenant").annotate(jobs=Count("pk")))


def _last_turns(owners: Sequence[Owner]) -> dict[Owner, datetime]:
    known = Job.objects.of_any_tenant().exclude(queued_at=None)
    theirs = known.filter(Q(tenant=None) | Q(tenant__in=[owner for owner in owners if owner]))
    return dict(theirs.values_list("tenant").annotate(last=Max("queued_at")))


def _send(job_ids: Sequence[UUID]) -> None:
    for position, job_id in enumerate(job_ids):
        try:
            sender().send(job_id)
        except BrokerUnavailable as error:
            log.warning("jobs wait for the broker", extra={"action": "job.delayed", "reason": repr(error)})
            _take_back(job_ids[position:])
            return


def _take_back(job_ids: Sequence[UUID]) -> None:
    """Let the sweep queue these again; a message that left nevertheless finds nothing to run."""
    unsent = Job.objects.of_any_tenant().filter(pk__in=job_ids).in_state(JobState.QUEUED)
    unsent.move(to=JobState.PENDING)
