"""What operators order, carried out at once."""

from typing import Any

from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.rest.filters import Mode, ValueRestriction
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import AT
from tests.fakes.engine import committing
from tests.fakes.jobs_office import ADA, Office, the_job
from worker_manager.request_filter import RequestFilter
from worker_manager.services.cancellation import order_cancellation
from worker_manager.services.deletion import order_deletion
from worker_manager.services.orders import Start
from worker_manager.services.retries import order_retry

EVERYTHING = RequestFilter()


def give_retry(tenant: Tenant, wanted: RequestFilter = EVERYTHING, *, start: Start = Start.FAILED) -> Job:
    """Order a retry, and leave it to be run."""
    with committing(execute=True):
        return order_retry(tenant=tenant, wanted=wanted, actor=ADA, at=AT, start=start)


def give_deletion(tenant: Tenant, wanted: RequestFilter = EVERYTHING) -> Job:
    """Order a deletion, and leave it to be run."""
    with committing(execute=True):
        return order_deletion(tenant=tenant, wanted=wanted, actor=ADA, at=AT)


def give_cancellation(tenant: Tenant, wanted: RequestFilter = EVERYTHING) -> Job:
    """Order a cancellation, and leave it to be run."""
    with committing(execute=True):
        return order_cancellation(tenant=tenant, wanted=wanted, actor=ADA, at=AT)


def cancel(office: Office, tenant: Tenant, wanted: RequestFilter = EVERYTHING) -> Job:
    """Order a cancellation and have it carried out; return its job."""
    job = give_cancellation(tenant, wanted)
    office.run_sent()
    return the_job(job.pk)


def retry(
    office: Office, tenant: Tenant, wanted: RequestFilter = EVERYTHING, *, start: Start = Start.FAILED
) -> Job:
    """Order a retry and have it carried out; return its job."""
    job = give_retry(tenant, wanted, start=start)
    office.run_sent()
    return the_job(job.pk)


def delete(office: Office, tenant: Tenant, wanted: RequestFilter = EVERYTHING) -> Job:
    """Order a deletion and have it carried out; return its job."""
    job = give_deletion(tenant, wanted)
    office.run_sent()
    return the_job(job.pk)


def including(*values: Any) -> ValueRestriction:
    """Return the restriction to these values."""
    return ValueRestriction(values=values, mode=Mode.INCLUDE)


def excluding(*values: Any) -> ValueRestriction:
    """Return the restriction to all but these values."""
    return ValueRestriction(values=values, mode=Mode.EXCLUDE)
