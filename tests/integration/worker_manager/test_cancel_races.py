"""Cancellations while requests move: two real connections, one of which has not committed yet."""

import pytest
from pytest_django import Settings

from regards_processing.kernel.jobs.states import JobState
from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, live_workers, the_request
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import ADA, Office, the_job
from tests.fakes.operators import give_cancellation, give_deletion, give_retry
from tests.fakes.other_process import while_uncommitted
from worker_manager.models import FinishedRequest, Request
from worker_manager.queries import locked_requests
from worker_manager.searches import UnknownRequest
from worker_manager.services.answers import apply_answers
from worker_manager.services.cancellation import cancel_request, withdraw_requests
from worker_manager.services.rescue import rescue_silent
from worker_manager.services.waiting import redispatch_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def _end() -> tuple[int, list[str]]:
    """Return how many requests are left, and how the others ended."""
    return every(Request).count(), list(every(FinishedRequest).values_list("status", flat=True))


def _waiting(engine: Engine) -> None:
    """Store a request that waits for a worker who has just come."""
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    live_workers("unzip-worker")
    engine.forget()


def test_it_drops_the_answer_that_comes_while_its_request_is_cancelled(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    late = [an_answer("SUCCESS", dispatch_id=request.dispatch_id)]
    with while_uncommitted(lambda: apply_answers(answers=late, at=AT)) as other:
        cancel_request(tenant=request.tenant, request_id="r-1", actor=ADA, at=AT)
    assert len(other.result()) == 1
    assert (_end(), engine.states()) == ((0, ["CANCELED"]), [("r-1", "ERROR")])


def test_it_does_not_cancel_what_has_just_succeeded(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    answers = [an_answer("SUCCESS", dispatch_id=request.dispatch_id)]

    def cancel() -> None:
        cancel_request(tenant=request.tenant, request_id="r-1", actor=ADA, at=AT)

    with while_uncommitted(cancel) as other:
        apply_answers(answers=answers, at=AT)
    with pytest.raises(UnknownRequest):
        other.result()
    assert (_end(), engine.states()) == ((0, ["SUCCESS"]), [("r-1", "SUCCESS")])


def test_it_cancels_what_is_being_dispatched(engine: Engine, office: Office) -> None:
    _waiting(engine)
    job = give_cancellation(the_request().tenant)
    with while_uncommitted(lambda: office.run(job.pk)) as other:
        assert redispatch_waiting(at=AT) == 1
    assert (other.result(), the_job(job.pk).done) == (JobState.SUCCEEDED, 1)
    assert _end() == (0, ["CANCELED"])


def test_it_leaves_nothing_to_the_sweep_that_comes_meanwhile(engine: Engine, office: Office) -> None:
    _waiting(engine)
    job = give_cancellation(the_request().tenant)
    with while_uncommitted(lambda: (redispatch_waiting(at=AT), rescue_silent(at=AT))) as other:
        office.run(job.pk)
    assert (other.result(), _end()) == ((0, 0), (0, ["CANCELED"]))


def test_it_carries_out_every_order_when_all_are_given_at_once(
    engine: Engine, office: Office, settings: Settings
) -> None:
    settings.JOBS_PER_TENANT = settings.JOBS_AT_ONCE = 3
    _waiting(engine)
    tenant = the_request().tenant
    retry, deletion, cancellation = give_retry(tenant), give_deletion(tenant), give_cancellation(tenant)
    with while_uncommitted(lambda: office.run(deletion.pk)) as other:
        office.run(retry.pk)
    assert other.result() == JobState.SUCCEEDED
    with while_uncommitted(lambda: redispatch_waiting(at=AT)):
        office.run(cancellation.pk)
    states = {the_job(job.pk).state for job in (retry, deletion, cancellation)}
    assert (states, _end()) == ({JobState.SUCCEEDED}, (0, ["CANCELED"]))


def test_it_withdraws_requests_of_several_tenants_in_the_order_of_their_rows(engine: Engine) -> None:
    tenants = [a_tenant(name=name) for name in ("one", "two")]
    for tenant in tenants:
        a_worker_type(tenant)
    engine.submit(*(a_submission(tenant=tenant.name) for tenant in tenants))
    first, second = ([(tenant.pk, "r-1")] for tenant in tenants)

    def withdraw() -> int:
        return withdraw_requests(requests=[(tenant, "r-1") for tenant in reversed(tenants)], at=AT)

    with while_uncommitted(withdraw, then=lambda: locked_requests(keys=second)) as other:
        locked_requests(keys=first)
    assert (other.result(), _end()) == (2, (0, ["CANCELED"] * 2))
