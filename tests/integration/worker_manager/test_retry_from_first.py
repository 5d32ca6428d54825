"""An operator has requests carried out again from their first step."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.audit.models import AuditEntry
from tests.factories.messages import a_beat, a_submission, an_answer, submissions
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers, the_request
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office
from tests.fakes.operators import give_retry, retry
from worker_manager.models import InputContentType, Request, WorkerInstance, Workflow
from worker_manager.services.orders import Start
from worker_manager.states import RequestStatus
from worker_manager.workflow_plan import Plan, PlanStep

pytestmark = pytest.mark.django_db

_SENT = b'{"file":"a.zip"}'


def _failed_at_its_second_step(engine: Engine) -> Request:
    """Return a request whose second step failed; it got content and headers from the first one."""
    request = a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b"of step 1", headers={"depth": "3"}))
    engine.answer(an_answer("ERROR"))
    engine.forget()
    return request


def test_it_starts_again_with_what_the_client_sent(engine: Engine, office: Office) -> None:
    request = _failed_at_its_second_step(engine)
    retry(office, request.tenant, start=Start.FIRST)
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.body) == ("regards.worker.unzip-worker.request", _SENT)
    assert (sent.message_id, "depth" in sent.headers) == (f"{request.pk}:1:3", False)
    assert engine.states() == [("r-1", "GRANTED")]


def test_it_goes_through_every_step_again(engine: Engine, office: Office) -> None:
    request = _failed_at_its_second_step(engine)
    retry(office, request.tenant, start=Start.FIRST)
    engine.answer(an_answer("SUCCESS", content=b"again"))
    engine.answer(an_answer("SUCCESS", content=b"done"))
    assert [sent.body for sent in engine.dispatches()] == [_SENT, b"again"]
    assert engine.states()[-1] == ("r-1", "SUCCESS")


def test_it_drops_answers_to_the_steps_before(engine: Engine, office: Office) -> None:
    request = a_dispatched_workflow(engine, protocol="celery")
    engine.answer(an_answer("ERROR", dispatch_id=request.dispatch_id))
    retry(office, request.tenant, start=Start.FIRST)
    (late,) = engine.answer(an_answer("SUCCESS", content=b"late", dispatch_id=request.dispatch_id))
    assert f"it answers dispatch {request.dispatch_id}, the current one is {request.pk}:1:2" in late.reason


def test_it_follows_the_workflow_as_it_is_today(engine: Engine, office: Office) -> None:
    request = _failed_at_its_second_step(engine)
    steps = [{"stepNumber": 5, "workerType": "sip-worker"}, {"stepNumber": 7, "workerType": "unzip-worker"}]
    Workflow.objects.across_tenants(because="a test").update(steps=steps)
    retry(office, request.tenant, start=Start.FIRST)
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.message_id) == ("regards.worker.sip-worker.request", f"{request.pk}:5:3")
    assert Plan.from_json(the_request().plan or {}).steps == (
        PlanStep(5, "sip-worker"),
        PlanStep(7, "unzip-worker"),
    )


def test_it_follows_the_plan_that_it_began_with_otherwise(engine: Engine, office: Office) -> None:
    request = _failed_at_its_second_step(engine)
    steps = [{"stepNumber": 5, "workerType": "unzip-worker"}]
    Workflow.objects.across_tenants(because="a test").update(steps=steps)
    retry(office, request.tenant)
    assert [sent.body for sent in engine.dispatches()] == [b"of step 1"]


def test_it_waits_until_it_is_configured_again(engine: Engine, office: Office) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"))
    InputContentType.objects.across_tenants(because="a test").delete()
    retry(office, request.tenant, start=Start.FIRST)
    assert (the_request().status, engine.redispatch()) == (RequestStatus.NO_WORKER_AVAILABLE, 0)
    a_worker_type(request.tenant, worker_type="other-worker")
    live_workers("other-worker")
    engine.forget()
    assert engine.redispatch() == 1
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.message_id) == ("regards.worker.other-worker.request", f"{request.pk}:0:2")


def test_it_waits_for_a_worker_and_follows_what_is_configured_then(engine: Engine, office: Office) -> None:
    request = _failed_at_its_second_step(engine)
    WorkerInstance.objects.all().delete()
    retry(office, request.tenant, start=Start.FIRST)
    assert engine.states() == [("r-1", "DELAYED")]
    steps = [{"stepNumber": 9, "workerType": "late-worker"}]
    Workflow.objects.across_tenants(because="a test").update(steps=steps)
    engine.beat(a_beat("unzip-worker"))
    assert engine.dispatches() == []
    engine.beat(a_beat("late-worker", worker_id="w-2"))
    assert [sent.message_id for sent in engine.dispatches()] == [f"{request.pk}:9:3"]


def test_it_forgives_failed_attempts(engine: Engine, office: Office) -> None:
    request = a_dispatched_request(engine, policy={"retryOn": ["ERROR"], "maxAttempts": 1})
    engine.answer(an_answer("ERROR"))
    retry(office, request.tenant, start=Start.FIRST)
    assert (the_request().status, the_request().lost_attempts) == (RequestStatus.DISPATCHED, 0)


def test_it_records_where_requests_were_to_start(engine: Engine) -> None:
    request = _failed_at_its_second_step(engine)
    job = give_retry(request.tenant, start=Start.FIRST)
    assert (job.kind, job.parameters["from"]) == ("requests.retry", "first")
    assert AuditEntry.objects.get().details["from"] == "first"


@pytest.mark.parametrize("count", [1, 10, 500])
def test_it_costs_the_same_statements_however_long_the_page(
    engine: Engine, office: Office, count: int
) -> None:
    tenant = a_tenant()
    a_workflow(tenant)
    live_workers("unzip-worker")
    engine.submit(*submissions(count, content_type="ingest"))
    engine.answer(*(an_answer("ERROR", request_id=f"r-{number}") for number in range(count)))
    engine.forget()
    from_the_failed_step = _statements(office, give_retry(tenant).pk)
    engine.answer(*(an_answer("ERROR", request_id=f"r-{number}") for number in range(count)))
    assert _statements(office, give_retry(tenant, start=Start.FIRST).pk) == from_the_failed_step
    assert {request.attempt for request in every(Request)} == {3}


def _statements(office: Office, job_id: object) -> int:
    with CaptureQueriesContext(connection) as captured:
        office.run(job_id)  # type: ignore[arg-type]
    return sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries)


def test_it_takes_a_request_that_was_never_dispatched(engine: Engine, office: Office) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    engine.submit(a_submission())
    live_workers("unzip-worker")
    retry(office, tenant, start=Start.FIRST)
    assert [sent.message_id for sent in engine.dispatches()] == [f"{the_request().pk}:0:1"]
