"""Stop jobs."""

from datetime import datetime
from typing import Final
from uuid import UUID

from regards_processing.kernel.audit import services as audit
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.audit.storable import storable_text
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.services.lookup import locked_job
from regards_processing.kernel.jobs.states import FINAL, NOT_BEGUN, JobState

_MAX_NAME: Final = 255


class JobFinished(DomainError):
    """The job has finished: there is nothing to cancel."""

    code = "JOB_FINISHED"
    http_status = 409


@transaction
def cancel_job(*, job_id: UUID, actor: Actor, at: datetime) -> None:
    """Abort a job that waits; let one that runs stop after the page it is at. What is done stays done.

    Raises:
        NoSuchJob: there is none with this id.
        JobFinished: it is over.
    """
    job = locked_job(job_id)
    if job.state in FINAL:
        raise JobFinished(f"Job {job_id} is {job.state}: there is nothing to cancel")
    this = Job.objects.of_any_tenant().filter(pk=job_id)
    this.update(cancelled_by=storable_text(actor.name, longest=_MAX_NAME))
    this.in_state(*NOT_BEGUN).move(to=JobState.ABORTED, finished_at=at, message="Cancelled before it ran")
    audit.record(
        actor=actor,
        tenant=job.tenant.name if job.tenant else None,
        action="job.cancelled",
        target=str(job_id),
        details={"kind": job.kind, "state": job.state},
        at=at,
    )
