"""Orders that operators gave: what each means, how far its job is, and what came of it."""

from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from django.conf import settings

from regards_processing.kernel.jobs.models import Job, JobQuerySet
from regards_processing.kernel.jobs.services.lookup import NoSuchJob
from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting, fetch
from regards_processing.kernel.rest.totals import total_of
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.services import orders
from worker_manager.services.orders import RequestOrder, Start

#: What orders can be sorted by.
SORTING: Final = Sorting(
    fields={"creationDate": "created_at", "endDate": "finished_at", "kind": "kind", "state": "state"},
    default="creationDate,desc",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOrder:
    """An order, and the job that carries it out."""

    job: Job
    order: RequestOrder

    @classmethod
    def of(cls, job: Job) -> Self:
        """Read what a job was told to do."""
        return cls(job=job, order=RequestOrder.from_json(job.parameters))

    @property
    def start(self) -> Start | None:
        """Where requests start again; only a retry says so."""
        return self.order.start if self.job.kind == orders.RETRY else None


def page_of(*, tenant: Tenant, page: PageRequest) -> Page[GivenOrder]:
    """Return one page of a tenant's orders, as long as their jobs are kept; two statements at most."""
    jobs = _jobs(tenant)
    total = total_of(jobs, key=f"orders.{tenant.pk}", kept=settings.SEARCH_TOTAL_KEPT)
    found = fetch(jobs, page=page, total=total)
    return Page(items=[GivenOrder.of(job) for job in found.items], request=page, total=found.total)


def find_order(*, tenant: Tenant, job_id: UUID) -> GivenOrder:
    """Return one order of a tenant.

    Raises:
        NoSuchJob: the tenant has none whose job has this id, or it was forgotten since.
    """
    job = _jobs(tenant).filter(pk=job_id).first()
    if job is None:
        raise NoSuchJob(f"There is no job {job_id}")
    return GivenOrder.of(job)


def _jobs(tenant: Tenant) -> JobQuerySet:
    """Return the jobs of orders; other services may have jobs of other kinds in the same table."""
    return Job.objects.for_tenant(tenant).filter(kind__in=orders.KINDS)
