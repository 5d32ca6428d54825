"""Requests whose message came back dead end in ERROR, and their clients are told."""

import pytest

from regards_processing.kernel.amqp.dead_letters import dead_dispatch
from tests.factories.messages import a_dead_letter, a_submission, an_answer
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers, the_request
from tests.fakes.engine import Engine
from worker_manager.events.work_dead_lettered import WorkDeadLettered
from worker_manager.models import Request
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db


def test_it_ends_the_request_and_tells_the_client(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.bury(a_dead_letter(error="Traceback…"))
    (response,) = engine.responses()
    text = "Error during processing your request in <unzip-worker> worker : Cause : Traceback…."
    assert (response.state, response.messages) == ("ERROR", (text,))
    assert (the_request().status, the_request().error) == (RequestStatus.ERROR, "Traceback…")


@pytest.mark.parametrize("status", ["RUNNING", "INVALID_CONTENT", "ERROR"])
def test_it_ends_requests_that_a_worker_spoke_of(engine: Engine, status: str) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer(status))
    assert engine.bury(a_dead_letter()) == []
    assert (the_request().status, the_request().error) == (RequestStatus.ERROR, "it broke")


def test_it_ends_a_request_that_was_never_dispatched(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission())
    assert engine.bury(a_dead_letter()) == []
    assert the_request().status == RequestStatus.ERROR


def _waits(engine: Engine, *, keep_errors: bool = True) -> None:
    """Store the request ``r-1``, whose worker was never there."""
    a_worker_type(a_tenant(), keep_errors=keep_errors)
    engine.submit(a_submission())
    engine.forget()


def test_it_names_the_worker_type_that_a_request_waited_for(engine: Engine) -> None:
    _waits(engine)
    engine.bury(a_dead_letter())
    (response,) = engine.responses()
    text = "Error during processing your request in <unzip-worker> worker : Cause : it broke."
    assert (response.messages, response.worker_type) == ((text,), None)


def test_it_names_none_where_none_is_configured(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission())
    engine.bury(a_dead_letter())
    text = "Error during processing your request in <> worker : Cause : it broke."
    assert engine.responses()[-1].messages == (text,)


@pytest.mark.parametrize(("keep_errors", "kept"), [(True, ["r-1"]), (False, [])])
def test_it_keeps_errors_of_what_was_never_dispatched_as_configured(
    engine: Engine, *, keep_errors: bool, kept: list[str]
) -> None:
    _waits(engine, keep_errors=keep_errors)
    engine.bury(a_dead_letter())
    assert engine.states() == [("r-1", "ERROR")]
    assert list(every(Request).values_list("request_id", flat=True)) == kept


def test_it_keeps_errors_as_the_configuration_of_the_tenant_has_it(engine: Engine) -> None:
    a_worker_type(a_tenant(name="other"), keep_errors=False)
    _waits(engine)
    engine.submit(a_submission(tenant="other"))
    engine.bury(a_dead_letter(), a_dead_letter(tenant="other"))
    assert list(every(Request).values_list("tenant__name", flat=True)) == ["demo"]


@pytest.mark.parametrize("status", [RequestStatus.TO_DISPATCH, RequestStatus.TO_DELETE])
def test_it_leaves_requests_under_orders_alone(engine: Engine, status: RequestStatus) -> None:
    a_dispatched_request(engine)
    every(Request).update(status=status)
    (dropped,) = engine.bury(a_dead_letter())
    assert dropped.reason == f"Dead letter of request r-1 dropped: the request is {status}"
    assert the_request().status == status


def test_it_drops_the_dead_letter_of_an_older_dispatch(engine: Engine) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("REDELIVERED"))
    (dropped,) = engine.bury(a_dead_letter(dispatch_id=request.dispatch_id))
    assert dropped.reason.endswith(f"the current one is {the_request().dispatch_id}")
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_takes_the_dead_letter_of_a_foreign_message_id(engine: Engine) -> None:
    a_dispatched_request(engine)
    assert engine.bury(a_dead_letter(dispatch_id="spring-1")) == []


def test_it_ignores_unknown_requests_and_other_tenants(engine: Engine) -> None:
    a_tenant(name="other")
    a_dispatched_request(engine)
    dropped = engine.bury(a_dead_letter("r-9"), a_dead_letter(tenant="other"), a_dead_letter(tenant="nobody"))
    assert [drop.position for drop in dropped] == [0, 1, 2]
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_survives_the_same_dead_letter_twice(engine: Engine) -> None:
    a_dispatched_request(engine)
    engine.bury(a_dead_letter(), a_dead_letter())
    assert engine.states() == [("r-1", "ERROR")]


def test_it_forgets_a_request_whose_errors_are_not_kept(engine: Engine) -> None:
    a_dispatched_request(engine, keep_errors=False)
    engine.bury(a_dead_letter())
    assert engine.states() == [("r-1", "ERROR")]
    assert not every(Request).exists()


@pytest.mark.parametrize("protocol", ["raw", "celery"])
def test_it_ends_a_request_whose_dispatch_the_broker_can_never_take(engine: Engine, protocol: str) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", protocol=protocol)
    engine.submit(a_submission())
    dead = dead_dispatch(engine.dispatches()[0], reason="the body is too large")
    engine.bury(WorkDeadLettered.from_wire(headers=dead.headers, message_id=dead.message_id))
    told = "The broker can never take this dispatch: the body is too large"
    assert (the_request().status, the_request().error) == (RequestStatus.ERROR, told)
