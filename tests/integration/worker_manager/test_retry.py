"""An operator has requests carried out again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers, the_request
from tests.fakes.engine import Engine
from tests.fakes.job_kinds import Meanwhile
from tests.fakes.jobs_office import Office, the_job
from tests.fakes.operators import give_retry, including, retry
from worker_manager.models import Request, WorkerInstance
from worker_manager.request_filter import RequestFilter
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db


def _failed(engine: Engine, *, count: int = 1, tenant: str = "demo") -> Tenant:
    """Store failed requests of a tenant; their worker type is alive."""
    owner = a_tenant(name=tenant)
    a_worker_type(owner)
    live_workers("unzip-worker", worker_id=f"w-{tenant}")
    engine.submit(*(a_submission(f"r-{number}", tenant=tenant) for number in range(count)))
    engine.answer(*(an_answer("ERROR", request_id=f"r-{number}", tenant=tenant) for number in range(count)))
    engine.forget()
    return owner


def _statuses() -> list[str]:
    return list(every(Request).order_by("pk").values_list("status", flat=True))


@pytest.mark.parametrize("status", ["ERROR", "INVALID_CONTENT"])
def test_it_sends_a_failed_request_to_its_worker_again(engine: Engine, office: Office, status: str) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer(status, messages=["disk full"]))
    engine.forget()
    job = retry(office, request.tenant)
    (sent,) = engine.dispatches()
    assert (sent.body, sent.message_id) == (b'{"file":"a.zip"}', f"{request.pk}:0:2")
    assert engine.states() == [("r-1", "GRANTED")]
    assert (job.state, job.total, job.done) == (JobState.SUCCEEDED, 1, 1)
    assert job.outcome == {"dispatched": 1}


def test_it_sends_a_waiting_request_to_a_worker_that_is_there_now(engine: Engine, office: Office) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    engine.submit(a_submission())
    live_workers("unzip-worker")
    engine.forget()
    retry(office, tenant)
    assert engine.states() == [("r-1", "GRANTED")]
    assert (the_request().attempt, the_request().plan is None) == (1, False)


def test_it_says_that_a_request_still_waits(engine: Engine, office: Office) -> None:
    tenant = _failed(engine)
    WorkerInstance.objects.all().delete()
    job = retry(office, tenant)
    assert (engine.states(), job.outcome) == ([("r-0", "DELAYED")], {"waiting": 1})
    assert _statuses() == [RequestStatus.NO_WORKER_AVAILABLE]


def test_it_starts_a_workflow_again_at_the_step_that_failed(engine: Engine, office: Office) -> None:
    request = a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b"of step 1", headers={"depth": "3"}))
    engine.answer(an_answer("ERROR"))
    engine.forget()
    retry(office, request.tenant)
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.body) == ("regards.worker.sip-worker.request", b"of step 1")
    assert (sent.headers["depth"], sent.message_id) == ("3", f"{request.pk}:2:3")


def test_it_brings_a_retried_request_to_its_end(engine: Engine, office: Office) -> None:
    tenant = _failed(engine)
    retry(office, tenant)
    engine.answer(an_answer("SUCCESS", request_id="r-0"))
    assert engine.states() == [("r-0", "GRANTED"), ("r-0", "SUCCESS")]
    assert _statuses() == []


def test_it_drops_the_late_answer_to_the_attempt_before(engine: Engine, office: Office) -> None:
    first = a_dispatched_request(engine, protocol="celery")
    engine.answer(an_answer("ERROR", dispatch_id=first.dispatch_id))
    retry(office, first.tenant)
    (late,) = engine.answer(an_answer("SUCCESS", dispatch_id=first.dispatch_id))
    assert f"it answers dispatch {first.dispatch_id}, the current one is {first.pk}:0:2" in late.reason
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_forgives_attempts_that_were_lost(engine: Engine, office: Office, settings: Settings) -> None:
    settings.MAX_LOST_ATTEMPTS = 1
    request = a_dispatched_request(engine)
    engine.answer(an_answer("REDELIVERED"))
    assert (the_request().status, the_request().lost_attempts) == (RequestStatus.ERROR, 1)
    retry(office, request.tenant)
    assert (the_request().status, the_request().lost_attempts) == (RequestStatus.DISPATCHED, 0)


def test_it_leaves_requests_that_are_under_way(engine: Engine, office: Office) -> None:
    a_dispatched_request(engine)
    engine.submit(a_submission("r-2"), a_submission("r-3"))
    engine.answer(an_answer("RUNNING", request_id="r-2"), an_answer("RETRY_LATER", request_id="r-3"))
    engine.forget()
    job = retry(office, the_request().tenant)
    assert _statuses() == ["DISPATCHED", "RUNNING", "TO_DISPATCH"]
    assert (job.state, job.total, engine.broker.published) == (JobState.SUCCEEDED, 0, [])


def test_it_retries_only_what_the_filter_means(engine: Engine, office: Office) -> None:
    tenant = _failed(engine, count=3)
    retry(office, tenant, RequestFilter(ids=including(the_request("r-1").pk)))
    assert _statuses() == ["ERROR", "DISPATCHED", "ERROR"]


def test_it_leaves_the_requests_of_another_tenant(engine: Engine, office: Office) -> None:
    tenant = _failed(engine)
    _failed(engine, tenant="other")
    retry(office, tenant)
    assert _statuses() == ["DISPATCHED", "ERROR"]


def test_it_leaves_requests_that_came_after_the_order(engine: Engine, office: Office) -> None:
    tenant = _failed(engine)
    give_retry(tenant)
    engine.submit(a_submission("later"))
    engine.answer(an_answer("ERROR", request_id="later"))
    office.run_sent()
    assert _statuses() == ["DISPATCHED", "ERROR"]


def test_it_goes_on_page_by_page(engine: Engine, office: Office, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    tenant = _failed(engine, count=5)
    job = retry(office, tenant)
    assert set(_statuses()) == {"DISPATCHED"}
    assert (job.done, job.total, job.outcome) == (5, 5, {"dispatched": 5})


def test_it_ends_when_what_it_retries_fails_again(engine: Engine, office: Office, settings: Settings) -> None:
    settings.SWEEP_PAGE = 1
    tenant = _failed(engine, count=2)
    job = give_retry(tenant)
    failing = Meanwhile(lambda: engine.answer(an_answer("ERROR", request_id="r-0")), done=1)
    assert office.run(job.pk, now=failing) == JobState.SUCCEEDED
    assert _statuses() == ["ERROR", "DISPATCHED"]


def test_it_retries_each_request_once_when_a_run_is_lost(
    engine: Engine, office: Office, settings: Settings
) -> None:
    settings.SWEEP_PAGE, settings.JOB_SLICE = 1, 0
    tenant = _failed(engine, count=3)
    job = give_retry(tenant)
    office.run(job.pk)
    Job.objects.of_any_tenant().update(checkpoint={}, done=0)
    office.run_sent()
    assert len(engine.dispatches()) == 3
    assert {request.attempt for request in every(Request)} == {2}


def test_it_does_nothing_when_the_message_comes_twice(engine: Engine, office: Office) -> None:
    tenant = _failed(engine)
    job = retry(office, tenant)
    assert office.run(job.pk) is None
    assert len(engine.dispatches()) == 1


def test_it_records_the_order(engine: Engine) -> None:
    tenant = _failed(engine)
    wanted = RequestFilter(statuses=including("ERROR"))
    job = the_job(give_retry(tenant, wanted).pk)
    entry = AuditEntry.objects.get(action="requests.retry")
    assert (entry.actor, entry.origin, entry.tenant, entry.target) == ("ada", "REST", "demo", str(job.pk))
    assert entry.details == {"filter": wanted.to_json(), "job": str(job.pk)}
    assert job.parameters == {"filter": wanted.to_json(), "lastId": the_request("r-0").pk}
    assert job.priority == 30


@pytest.mark.parametrize("count", [1, 10, 500])
@pytest.mark.usefixtures("statements_apart")
def test_it_costs_the_same_statements_however_long_the_page(
    engine: Engine, office: Office, count: int
) -> None:
    tenant = _failed(engine, count=count)
    job = give_retry(tenant)
    with CaptureQueriesContext(connection) as captured:
        office.run(job.pk)
    # Claim and job, cancelled, total, page, plans, live types, update, session, payloads,
    # outbox out and in, end; then who is next, behind a lock on PostgreSQL.
    statements = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert sum("advisory" not in statement for statement in statements) == 14
    assert len(engine.dispatches()) == count
