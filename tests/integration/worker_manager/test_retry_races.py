"""Orders while requests move: two real connections, one of which has not committed yet."""

import pytest

from regards_processing.kernel.jobs.states import JobState
from tests.factories.messages import a_submission, an_answer
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, live_workers, the_request
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office, the_job
from tests.fakes.operators import give_deletion, give_retry
from tests.fakes.other_process import while_uncommitted
from worker_manager.services.answers import apply_answers
from worker_manager.services.waiting import redispatch_waiting
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db(transaction=True)


def _waiting(engine: Engine) -> None:
    """Store a request that waits for a worker who has just come."""
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    live_workers("unzip-worker")
    engine.forget()


def test_it_drops_an_answer_that_comes_while_its_request_is_retried(engine: Engine, office: Office) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("ERROR", dispatch_id=request.dispatch_id))
    job = give_retry(request.tenant)
    late = [an_answer("SUCCESS", dispatch_id=request.dispatch_id)]
    with while_uncommitted(lambda: apply_answers(answers=late, at=AT)) as other:
        office.run(job.pk)
    assert len(other.result()) == 1
    assert (the_request().status, the_request().attempt) == (RequestStatus.DISPATCHED, 2)


def test_it_leaves_a_request_to_the_sweep_that_has_it(engine: Engine, office: Office) -> None:
    _waiting(engine)
    job = give_retry(the_request().tenant)
    with while_uncommitted(lambda: office.run(job.pk)) as other:
        assert redispatch_waiting(at=AT) == 1
    assert (other.result(), the_job(job.pk).done) == (JobState.SUCCEEDED, 0)
    assert (the_request().attempt, len(engine.dispatches())) == (1, 1)


def test_it_does_not_delete_what_is_being_dispatched(engine: Engine, office: Office) -> None:
    _waiting(engine)
    job = give_deletion(the_request().tenant)
    with while_uncommitted(lambda: office.run(job.pk)) as other:
        redispatch_waiting(at=AT)
    assert (other.result(), the_job(job.pk).done) == (JobState.SUCCEEDED, 0)
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_does_not_dispatch_what_is_being_deleted(engine: Engine, office: Office) -> None:
    _waiting(engine)
    job = give_deletion(the_request().tenant)
    with while_uncommitted(lambda: redispatch_waiting(at=AT)) as other:
        office.run(job.pk)
    assert (other.result(), engine.broker.published) == (0, [])
