"""An operator cancels requests that have not ended: rows first, then clients and fleets are told."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.rest.filters import ValueRestriction
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_submission, an_answer, submissions
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, later, live_workers, the_request
from tests.fakes.engine import Engine, committing
from tests.fakes.jobs_office import ADA, Office, the_job
from tests.fakes.operators import EVERYTHING, cancel, excluding, give_cancellation, including, retry
from worker_manager.models import FinishedRequest, Request, SessionChange
from worker_manager.request_filter import RequestFilter
from worker_manager.searches import UnknownRequest
from worker_manager.services.cancellation import NotCancelable, cancel_request
from worker_manager.services.orders import count_eligible, not_ended
from worker_manager.states import CANCELABLE
from worker_manager.trail import Trail
from workers.contract import names

pytestmark = pytest.mark.django_db

_OPEN = ["DISPATCHED", "NO_WORKER_AVAILABLE", "RUNNING", "TO_DISPATCH"]


def _one_of_each(engine: Engine) -> Tenant:
    """Store a request in each status that lasts; their ids are the statuses."""
    owner = a_tenant()
    a_worker_type(owner)
    engine.submit(a_submission("NO_WORKER_AVAILABLE", content_type="unknown"))
    live_workers("unzip-worker", protocol="celery")
    answered = {"ERROR": "ERROR", "INVALID_CONTENT": "INVALID_CONTENT", "RUNNING": "RUNNING"}
    engine.submit(*(a_submission(name) for name in [*answered, "TO_DISPATCH", "DISPATCHED"]))
    answered["TO_DISPATCH"] = "RETRY_LATER"
    engine.answer(
        *(
            an_answer(status, request_id=name, dispatch_id=the_request(name).dispatch_id)
            for name, status in answered.items()
        )
    )
    engine.forget()
    return owner


def _cancel_one(tenant: Tenant, request_id: str = "r-1") -> None:
    with committing(execute=True):
        cancel_request(tenant=tenant, request_id=request_id, actor=ADA, at=later(5))


def _told(engine: Engine) -> list[list[str]]:
    """Return what fleets were told to stop, message by message."""
    sent = engine.broker.published_to(names.CANCELLATIONS)
    return [json.loads(message.body)["dispatchIds"] for message in sent]


def _left() -> set[str]:
    return set(every(Request).values_list("request_id", flat=True))


def test_it_cancels_what_has_not_ended() -> None:
    assert sorted(CANCELABLE) == _OPEN


@pytest.mark.parametrize("status", _OPEN)
def test_it_ends_a_request_and_tells_its_client(engine: Engine, status: str) -> None:
    tenant = _one_of_each(engine)
    _cancel_one(tenant, status)
    (response,) = engine.responses()
    assert (response.request_id, response.state) == (status, "ERROR")
    assert response.messages == ("Your request has been cancelled by an operator.",)
    finished = every(FinishedRequest).get()
    assert (finished.request_id, finished.status) == (status, "CANCELED")
    assert (finished.finished_at, finished.error) == (later(5), "Cancelled by an operator")
    assert status not in _left()


@pytest.mark.parametrize(("status", "told"), [("DISPATCHED", 1), ("RUNNING", 1), ("TO_DISPATCH", 0)])
def test_it_tells_the_fleets_what_nobody_awaits_any_more(engine: Engine, status: str, told: int) -> None:
    tenant = _one_of_each(engine)
    expected = [[the_request(status).dispatch_id]] * told
    _cancel_one(tenant, status)
    assert _told(engine) == expected


@pytest.mark.parametrize("status", ["DISPATCHED", "RUNNING"])
def test_it_notes_how_the_attempt_ended(engine: Engine, status: str) -> None:
    _cancel_one(_one_of_each(engine), status)
    (attempt,) = Trail.read(every(FinishedRequest).get().trail).attempts
    assert (attempt.outcome, attempt.ended_at) == ("CANCELED", later(5))


@pytest.mark.parametrize("status", ["ERROR", "INVALID_CONTENT"])
def test_it_leaves_what_has_failed_to_retry_and_deletion(engine: Engine, status: str) -> None:
    tenant = _one_of_each(engine)
    with pytest.raises(NotCancelable, match=f"has ended in {status}: only requests in DISPATCHED, "):
        _cancel_one(tenant, status)
    assert (engine.broker.published, AuditEntry.objects.count()) == ([], 0)


@pytest.mark.parametrize("keep_errors", [True, False])
def test_it_keeps_no_row_whatever_is_kept_of_errors(engine: Engine, *, keep_errors: bool) -> None:
    request = a_dispatched_request(engine, keep_errors=keep_errors)
    _cancel_one(request.tenant)
    assert _left() == set()


def test_it_drops_the_late_answer(engine: Engine) -> None:
    request = a_dispatched_request(engine, protocol="celery")
    _cancel_one(request.tenant)
    engine.forget()
    (late,) = engine.answer(an_answer("SUCCESS", dispatch_id=request.dispatch_id))
    assert late.reason.endswith("no such request, or it has ended")
    assert engine.broker.published == []


def test_it_does_not_take_the_late_answer_for_a_later_request_of_the_same_id(engine: Engine) -> None:
    first = a_dispatched_request(engine, protocol="celery")
    _cancel_one(first.tenant)
    engine.submit(a_submission())
    (late,) = engine.answer(an_answer("SUCCESS", dispatch_id=first.dispatch_id))
    assert f"it answers dispatch {first.dispatch_id}, the current one is" in late.reason


def test_it_leaves_no_trace_in_the_counters_of_the_session(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    SessionChange.objects.across_tenants(because="a test").delete()
    _cancel_one(request.tenant)
    (change,) = SessionChange.objects.across_tenants(because="a test")
    assert change.properties == {"workers.requests": -1, "workers.unzip-worker.dispatched": -1}


def test_it_records_who_cancelled_what(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    _cancel_one(request.tenant)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target, entry.actor) == ("request.cancel", "r-1", "ada")
    assert entry.details == {"status": "DISPATCHED"}


def test_it_knows_no_request_of_another_tenant(engine: Engine) -> None:
    a_dispatched_request(engine)
    with pytest.raises(UnknownRequest):
        _cancel_one(a_tenant(name="other"))
    assert _left() == {"r-1"}


def test_it_cancels_by_filter_what_has_not_ended(engine: Engine, office: Office) -> None:
    job = cancel(office, _one_of_each(engine))
    assert (job.state, job.outcome) == (JobState.SUCCEEDED, {"cancelled": 4, "stopped": 2})
    assert _left() == {"ERROR", "INVALID_CONTENT"}
    assert len(_told(engine)) == 1


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (None, 4),
        (including("RUNNING"), 1),
        (including("RUNNING", "ERROR"), 1),
        (including("ERROR"), 0),
        (including("SUCCESS", "TO_DELETE"), 0),
        (excluding(), 4),
        (excluding("RUNNING", "ERROR"), 3),
    ],
)
def test_it_counts_what_a_cancellation_would_touch(
    engine: Engine, statuses: ValueRestriction | None, expected: int
) -> None:
    tenant, wanted = _one_of_each(engine), RequestFilter(statuses=statuses)
    assert count_eligible(tenant=tenant, wanted=wanted, reach=not_ended) == expected


def test_it_cancels_page_by_page(engine: Engine, office: Office, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    tenant = a_tenant()
    engine.submit(*submissions(5))
    job = cancel(office, tenant)
    assert (job.done, job.total, _left()) == (5, 5, set())


def test_it_gives_orders_that_contradict_each_other_an_end(engine: Engine, office: Office) -> None:
    tenant = _one_of_each(engine)
    given = give_cancellation(tenant)
    retry(office, tenant)
    assert the_job(given.pk).state == JobState.SUCCEEDED
    # The cancellation goes first: its priority is higher. What had failed is then retried.
    assert {request.status for request in every(Request)} == {"DISPATCHED"}
    assert _left() == {"ERROR", "INVALID_CONTENT"}


def test_it_tells_the_fleets_of_attempts_that_the_watchdog_gives_up(
    engine: Engine, settings: Settings
) -> None:
    settings.QUEUE_TIMEOUT = 300
    request = a_dispatched_request(engine)
    engine.rescue(at=later(301))
    assert _told(engine) == [[request.dispatch_id]]


@pytest.mark.parametrize("count", [1, 10, 500])
@pytest.mark.usefixtures("statements_apart")
def test_it_costs_the_same_statements_however_long_the_page(
    engine: Engine, office: Office, count: int
) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(*submissions(count))
    engine.forget()
    job = give_cancellation(Tenant.objects.get())
    with CaptureQueriesContext(connection) as captured:
        office.run(job.pk)
    # Claim and job, cancelled, total, page, history, deletion, session, outbox out and in, end; then who is
    # next, behind a lock on PostgreSQL.
    statements = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert sum("advisory" not in statement for statement in statements) == 12
    assert [len(named) for named in _told(engine)] == [count]


def test_it_stores_the_order(engine: Engine) -> None:
    tenant = _one_of_each(engine)
    job = give_cancellation(tenant, EVERYTHING)
    assert (job.kind, job.priority, Job.objects.of_any_tenant().count()) == ("requests.cancel", 40, 1)
    assert AuditEntry.objects.get().action == "requests.cancel"
    assert job.created_at == AT
