"""Take jobs in."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from regards_processing.kernel import correlation
from regards_processing.kernel.audit import services as audit
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.audit.storable import storable_text
from regards_processing.kernel.db.transactions import after_commit, transaction
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs import kinds
from regards_processing.kernel.jobs.kinds import Parameters
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.services import scheduling
from regards_processing.kernel.jobs.services.lookup import locked_job
from regards_processing.kernel.jobs.states import FINAL
from regards_processing.kernel.tenancy.models import Tenant

log = logging.getLogger(__name__)

_MAX_NAME: Final = 255


class JobUnfinished(DomainError):
    """The job has not finished yet."""

    code = "JOB_UNFINISHED"
    http_status = 409


@transaction
def submit_job(
    *, kind: str, tenant: Tenant | None, parameters: Parameters, actor: Actor, at: datetime
) -> Job:
    """Store a job; once that is committed nothing can lose it, and it is started when its turn comes.

    Args:
        kind: name of a declared kind.
        tenant: whose job it is; none for the whole platform.
        parameters: an instance of the kind's parameters.
        actor: who asks.
        at: when.

    Raises:
        UnknownJobKind: nothing declares the kind.
    """
    return _store(kind, tenant.pk if tenant else None, parameters.to_json(), actor, at)


@transaction
def run_again(*, job_id: UUID, actor: Actor, at: datetime) -> Job:
    """Submit a finished job once more, with the parameters it had; return the new job.

    Raises:
        NoSuchJob: there is none with this id.
        JobUnfinished: the first one is still under way.
        UnknownJobKind: nothing declares its kind any more.
    """
    job = locked_job(job_id)
    if job.state not in FINAL:
        raise JobUnfinished(f"Job {job_id} is {job.state}: it has not finished yet")
    again = _store(job.kind, job.tenant_id, job.parameters, actor, at)
    audit.record(
        actor=actor,
        tenant=job.tenant.name if job.tenant else None,
        action="job.run_again",
        target=str(job_id),
        details={"kind": job.kind, "job": str(again.pk)},
        at=at,
    )
    return again


def _store(
    kind: str, tenant_id: int | None, parameters: Mapping[str, Any], actor: Actor, at: datetime
) -> Job:
    declared = kinds.find(kind)
    job = Job.objects.create(
        tenant_id=tenant_id,
        kind=kind,
        parameters=parameters,
        priority=declared.priority,
        asked_by=storable_text(actor.name, longest=_MAX_NAME),
        origin=actor.origin,
        correlation_id=correlation.current(),
        created_at=at,
    )
    log.info("job submitted", extra={"action": "job.submitted", "job": str(job.pk), "kind": kind})
    # Whatever goes wrong with the kick, the order is stored, and the sweep starts it.
    after_commit(lambda: scheduling.schedule_jobs(at=at), robust=True)
    return job
