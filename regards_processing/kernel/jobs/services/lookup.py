"""Find one job."""

from uuid import UUID

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs.models import Job


class NoSuchJob(DomainError):
    """There is no such job."""

    code = "NO_SUCH_JOB"
    http_status = 404


def locked_job(job_id: UUID) -> Job:
    """Lock a job and return it with its tenant; needs an open transaction.

    Raises:
        NoSuchJob: there is none with this id.
    """
    found = Job.objects.of_any_tenant().filter(pk=job_id).select_related("tenant")
    job = found.select_for_update(of=("self",)).first()
    if job is None:
        raise NoSuchJob(f"There is no job {job_id}")
    return job
