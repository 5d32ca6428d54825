"""Requests go to live workers, in the form that their fleet takes."""

import pytest

from tests.factories.messages import a_submission, an_answer
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
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

_DELAYED = "Your request has been delayed as no worker is currently matching content type <unzip>."


def test_it_grants_a_request_whose_worker_type_is_alive(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(a_submission())
    (response,) = engine.responses()
    assert (response.state, response.worker_type) == ("GRANTED", "unzip-worker")
    assert response.messages == ("Your request has been successfully registered.",)
    assert (the_request().status, the_request().attempt) == (RequestStatus.DISPATCHED, 1)


def test_it_delays_a_request_whose_worker_type_is_silent(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=later(-60))
    engine.submit(a_submission())
    (response,) = engine.responses()
    assert (response.state, response.messages, response.worker_type) == ("DELAYED", (_DELAYED,), None)
    assert the_request().step_worker_type == "unzip-worker"
    assert engine.dispatches() == []


def test_it_delays_a_request_that_nothing_is_configured_for(engine: Engine) -> None:
    a_tenant()
    live_workers("unzip-worker")
    engine.submit(a_submission())
    assert engine.states() == [("r-1", "DELAYED")]
    assert the_request().step_worker_type is None


def test_it_sends_the_raw_message_to_workers_of_the_reference(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(a_submission())
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.routing_key) == ("regards.worker.unzip-worker.request", "#")
    assert (sent.body, sent.message_id) == (b'{"file":"a.zip"}', the_request().dispatch_id)


def test_it_sends_a_task_message_to_a_celery_fleet(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", protocol="celery")
    engine.submit(a_submission())
    (sent,) = engine.dispatches()
    assert (sent.exchange, sent.routing_key) == ("", "regards.worker.unzip-worker.task")
    assert sent.headers["task"] == "regards.worker.unzip-worker"
    assert the_request().dispatched_to_celery


def test_it_sends_the_raw_message_to_a_mixed_fleet(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", protocol="celery")
    live_workers("unzip-worker", protocol="raw")
    engine.submit(a_submission())
    assert engine.dispatches()[0].exchange == "regards.worker.unzip-worker.request"


def test_it_forgets_the_silent_instance_when_it_chooses_the_form(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", protocol="celery")
    live_workers("unzip-worker", protocol="raw", at=later(-61))
    engine.submit(a_submission())
    assert engine.dispatches()[0].exchange == ""


def test_it_compares_worker_types_as_they_are_written(engine: Engine) -> None:
    a_worker_type(a_tenant(), worker_type="Unzip")
    live_workers("unzip")
    engine.submit(a_submission())
    assert engine.states() == [("r-1", "DELAYED")]


def test_it_starts_a_workflow_with_its_lowest_step(engine: Engine) -> None:
    a_workflow(a_tenant(), steps={20: "sip-worker", 10: "unzip-worker"})
    live_workers("unzip-worker", "sip-worker")
    engine.submit(a_submission(content_type="ingest"))
    assert (the_request().step_number, the_request().dispatched_worker_type) == (10, "unzip-worker")


def test_it_lets_a_worker_win_over_a_workflow_of_the_same_name(engine: Engine) -> None:
    tenant = a_tenant()
    a_workflow(tenant, workflow_type="unzip", steps={1: "sip-worker"})
    a_worker_type(tenant)
    live_workers("unzip-worker", "sip-worker")
    engine.submit(a_submission())
    assert the_request().dispatched_worker_type == "unzip-worker"


def test_it_does_not_use_another_tenants_configuration(engine: Engine) -> None:
    a_tenant()
    a_worker_type(a_tenant(name="other"))
    live_workers("unzip-worker")
    engine.submit(a_submission())
    assert engine.states() == [("r-1", "DELAYED")]


def test_it_names_each_dispatch_once(engine: Engine) -> None:
    a_workflow(a_tenant())
    live_workers("unzip-worker", "sip-worker")
    engine.submit(a_submission(content_type="ingest"))
    engine.answer(an_answer("SUCCESS", content=b"{}"), at=AT)
    key = the_request().pk
    assert [sent.message_id for sent in engine.dispatches()] == [f"{key}:1:1", f"{key}:2:2"]


def test_it_names_the_link_before_to_celery(engine: Engine) -> None:
    a_workflow(a_tenant())
    live_workers("unzip-worker", "sip-worker", protocol="celery")
    engine.submit(a_submission(content_type="ingest"))
    key = the_request().pk
    engine.answer(an_answer("SUCCESS", content=b"{}", dispatch_id=f"{key}:1:1"))
    sent = engine.dispatches()[1]
    assert (sent.headers["root_id"], sent.headers["parent_id"]) == (str(key), f"{key}:1:1")
