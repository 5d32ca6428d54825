"""The engine's kinds of jobs: doors to one service each. Priorities are the contract's."""

from regards_processing.kernel.jobs.context import JobContext, Page
from regards_processing.kernel.jobs.kinds import job_kind
from worker_manager.services import cancellation, deletion, orders, retries, session_deletion
from worker_manager.services.orders import RequestOrder


@job_kind(orders.RETRY, parameters=RequestOrder, priority=30)
def retry_requests(context: JobContext, order: RequestOrder) -> Page:
    """Dispatch the next page of requests again."""
    after = context.state.get("after", 0)
    return retries.retry_page(tenant=context.owner, order=order, after=after, at=context.at)


@job_kind(orders.CANCEL, parameters=RequestOrder, priority=40)
def cancel_requests(context: JobContext, order: RequestOrder) -> Page:
    """Cancel the next page of requests."""
    after = context.state.get("after", 0)
    return cancellation.cancel_page(tenant=context.owner, order=order, after=after, at=context.at)


@job_kind(orders.DELETE, parameters=RequestOrder, priority=10)
def delete_requests(context: JobContext, order: RequestOrder) -> Page:
    """Delete the next page of requests."""
    after = context.state.get("after", 0)
    return deletion.delete_page(tenant=context.owner, order=order, after=after, at=context.at)


@job_kind(orders.DELETE_SESSIONS, parameters=RequestOrder, priority=10)
def delete_sessions(context: JobContext, order: RequestOrder) -> Page:
    """Delete the next page of requests of sessions, or forget the counters of the next sessions."""
    return session_deletion.delete_page(tenant=context.owner, order=order, state=context.state, at=context.at)
