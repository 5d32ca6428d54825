"""An operator deletes requests."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.jobs.states import JobState
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, live_workers
from tests.fakes.engine import Engine
from tests.fakes.jobs_office import Office, the_job
from tests.fakes.operators import delete, give_deletion, including
from worker_manager.models import FinishedRequest, Request
from worker_manager.request_filter import RequestFilter

pytestmark = pytest.mark.django_db


def _one_of_each(engine: Engine, *, tenant: str = "demo") -> Tenant:
    """Store a request in each status that lasts; their ids are the statuses."""
    owner = a_tenant(name=tenant)
    a_worker_type(owner)
    engine.submit(a_submission("NO_WORKER_AVAILABLE", tenant=tenant, content_type="unknown"))
    live_workers("unzip-worker", worker_id=f"w-{tenant}")
    answered = ["ERROR", "INVALID_CONTENT", "RUNNING", "RETRY_LATER"]
    engine.submit(*(a_submission(name, tenant=tenant) for name in [*answered, "DISPATCHED"]))
    engine.answer(*(an_answer(name, request_id=name, tenant=tenant) for name in answered))
    engine.forget()
    return owner


def _left(tenant: str = "demo") -> set[str]:
    return set(every(Request).filter(tenant__name=tenant).values_list("request_id", flat=True))


def test_it_deletes_what_is_up_to_operators_and_nothing_else(engine: Engine, office: Office) -> None:
    tenant = _one_of_each(engine)
    job = delete(office, tenant)
    assert _left() == {"DISPATCHED", "RUNNING", "RETRY_LATER"}
    assert (job.state, job.done, job.outcome) == (JobState.SUCCEEDED, 3, {"deleted": 3})


def test_it_tells_clients_nothing(engine: Engine, office: Office) -> None:
    delete(office, _one_of_each(engine))
    assert engine.broker.published == []


def test_it_remembers_what_it_deleted(engine: Engine, office: Office) -> None:
    delete(office, _one_of_each(engine), RequestFilter(statuses=including("ERROR")))
    remembered = every(FinishedRequest).get()
    assert (remembered.request_id, remembered.status) == ("ERROR", "TO_DELETE")


def test_it_lets_the_id_be_used_again(engine: Engine, office: Office) -> None:
    delete(office, _one_of_each(engine))
    engine.submit(a_submission("ERROR"))
    assert engine.states() == [("ERROR", "GRANTED")]


def test_it_deletes_only_what_the_filter_means(engine: Engine, office: Office) -> None:
    tenant = _one_of_each(engine)
    delete(office, tenant, RequestFilter(content_types=including("unknown")))
    assert _left() == {"DISPATCHED", "RUNNING", "RETRY_LATER", "ERROR", "INVALID_CONTENT"}


def test_it_leaves_the_requests_of_another_tenant(engine: Engine, office: Office) -> None:
    tenant = _one_of_each(engine)
    _one_of_each(engine, tenant="other")
    delete(office, tenant)
    assert len(_left("other")) == 6


def test_it_leaves_requests_that_came_after_the_order(engine: Engine, office: Office) -> None:
    give_deletion(_one_of_each(engine))
    engine.submit(a_submission("later", content_type="unknown"))
    office.run_sent()
    assert "later" in _left()


def test_it_drops_a_late_answer_to_what_it_deleted(engine: Engine, office: Office) -> None:
    delete(office, _one_of_each(engine))
    (late,) = engine.answer(an_answer("SUCCESS", request_id="ERROR"))
    assert "no such request, or it has ended" in late.reason


def test_it_does_nothing_when_the_message_comes_twice(engine: Engine, office: Office) -> None:
    job = delete(office, _one_of_each(engine))
    engine.submit(a_submission("ERROR", content_type="unknown"))
    assert office.run(job.pk) is None
    assert "ERROR" in _left()


def test_it_goes_on_page_by_page(engine: Engine, office: Office, settings: Settings) -> None:
    settings.SWEEP_PAGE = 1
    job = delete(office, _one_of_each(engine))
    assert (job.done, job.total, len(_left())) == (3, 3, 3)


def test_it_records_the_order(engine: Engine) -> None:
    job = the_job(give_deletion(_one_of_each(engine)).pk)
    entry = AuditEntry.objects.get(action="requests.delete")
    assert (entry.actor, entry.tenant, entry.target, entry.at) == ("ada", "demo", str(job.pk), AT)
    assert (entry.details["filter"], job.priority) == ({}, 10)


@pytest.mark.parametrize("count", [1, 10, 500])
def test_it_costs_the_same_statements_however_long_the_page(
    engine: Engine, office: Office, count: int
) -> None:
    tenant = a_tenant()
    engine.submit(*(a_submission(f"r-{number}") for number in range(count)))
    job = give_deletion(tenant)
    with CaptureQueriesContext(connection) as captured:
        office.run(job.pk)
    # Claim and job, cancelled, total, page, history, deletion, session, end; then who is next, behind a lock.
    statements = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert sum("advisory" not in statement for statement in statements) == 10
    assert _left() == set()
