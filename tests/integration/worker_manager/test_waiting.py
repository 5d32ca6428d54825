"""Requests that wait are taken up when somebody can take them."""

import pytest
from pytest_django import Settings

from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_submission, an_answer, submissions
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.worker_manager import (
    AT,
    a_tenant,
    a_worker_type,
    a_workflow,
    later,
    live_workers,
    the_request,
)
from tests.fakes.engine import Engine
from worker_manager.models import WorkerInstance, Workflow
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db


def test_it_takes_up_a_request_when_its_worker_comes_back(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    live_workers("unzip-worker")
    assert engine.redispatch() == 1
    (sent,) = engine.dispatches()
    assert (sent.body, sent.message_id) == (b'{"file":"a.zip"}', f"{the_request().pk}:0:1")
    assert the_request().plan is not None


def test_it_takes_up_a_workflow_in_its_middle(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    WorkerInstance.objects.filter(worker_type="sip-worker").delete()
    engine.answer(an_answer("SUCCESS", content=b"1", headers={"depth": "3"}))
    live_workers("sip-worker")
    engine.forget()
    assert engine.redispatch() == 1
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.body) == ("regards.worker.sip-worker.request", b"1")
    assert (sent.headers["depth"], sent.message_id) == ("3", f"{the_request().pk}:2:2")


def test_it_takes_up_a_request_whose_content_type_is_configured_later(engine: Engine) -> None:
    tenant = a_tenant()
    live_workers("unzip-worker")
    engine.submit(a_submission())
    a_worker_type(tenant)
    assert engine.redispatch() == 1


def test_it_takes_up_a_request_whose_workflow_is_configured_later(engine: Engine) -> None:
    tenant = a_tenant()
    live_workers("unzip-worker")
    engine.submit(a_submission(content_type="ingest"))
    a_workflow(tenant, steps={5: "unzip-worker", 6: "sip-worker"})
    assert engine.redispatch() == 1
    assert the_request().step_number == 5


def test_it_follows_todays_configuration_before_the_first_dispatch(engine: Engine) -> None:
    worker = a_worker_type(a_tenant())
    engine.submit(a_submission())
    worker.worker_type = "new-worker"
    worker.save()
    live_workers("new-worker")
    engine.redispatch()
    assert the_request().dispatched_worker_type == "new-worker"


def test_it_leaves_requests_that_nobody_can_take_and_says_nothing(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("another-worker")
    engine.submit(a_submission())
    engine.forget()
    assert engine.redispatch() == 0
    assert engine.broker.published == []


def test_it_dispatches_a_postponed_request_when_it_is_due(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=30))
    assert engine.redispatch(at=later(29)) == 0
    assert engine.redispatch(at=later(30)) == 1
    assert [sent.message_id for sent in engine.dispatches()] == [f"{request.pk}:0:2"]
    assert the_request().due_at is None


def test_it_delays_a_due_request_whose_workers_have_gone(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RETRY_LATER", retry_after=30))
    assert engine.redispatch(at=later(100)) == 1
    assert engine.states() == [("r-1", "DELAYED")]
    assert the_request().status == RequestStatus.NO_WORKER_AVAILABLE


def test_it_goes_on_page_by_page(engine: Engine, settings: Settings) -> None:
    settings.SWEEP_PAGE = 2
    a_worker_type(a_tenant())
    engine.submit(*submissions(5))
    live_workers("unzip-worker")
    assert engine.redispatch() == 5
    assert [request_id for request_id, state in engine.states()[5:]] == ["r-0", "r-1", "r-2", "r-3", "r-4"]


def test_it_leaves_requests_of_a_sleeping_tenant(engine: Engine) -> None:
    a_worker_type(a_tenant())
    engine.submit(a_submission())
    Tenant.objects.update(active=False)
    live_workers("unzip-worker")
    assert engine.redispatch() == 0


def test_it_does_not_take_another_tenants_configuration_for_its_own(engine: Engine) -> None:
    a_tenant()
    a_worker_type(a_tenant(name="other"))
    engine.submit(a_submission())
    live_workers("unzip-worker", at=AT)
    assert engine.redispatch() == 0


def test_it_follows_its_own_plan_after_the_first_dispatch(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    WorkerInstance.objects.filter(worker_type="sip-worker").delete()
    engine.answer(an_answer("SUCCESS", content=b"1"))
    every(Workflow).update(steps=[{"stepNumber": 2, "workerType": "another"}])
    live_workers("sip-worker")
    assert engine.redispatch() == 1
    assert the_request().dispatched_worker_type == "sip-worker"


def test_it_follows_its_own_plan_after_a_postponement(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    engine.answer(an_answer("RETRY_LATER"))
    every(Workflow).delete()
    assert engine.redispatch() == 1
    assert the_request().dispatched_worker_type == "unzip-worker"
