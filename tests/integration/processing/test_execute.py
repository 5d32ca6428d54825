"""Executions from their order to their one result."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.events.execution_requested import ExecutionRequested
from regards_processing.processing.log_tails import log_tail
from regards_processing.processing.models import Batch, Execution, OutputFile, PluginConfiguration
from regards_processing.processing.queries import UnknownExecution
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.watch import end_overdue, note_progress
from tests.factories.executions import (
    FILE,
    a_batch,
    a_response,
    an_execution_order,
    an_outcome,
    is_demanded,
    the_execution,
)
from tests.factories.messages import an_answer
from tests.factories.processing import a_parameter, a_process
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later, live_workers
from tests.fakes.engine import Engine, committing
from worker_manager.events.request_answered import RequestAnswered
from worker_manager.models import Request, SessionChange
from worker_manager.services.dropped import Dropped
from worker_manager.states import RequestStatus
from workers.processes.sealing import TOKEN, Addressee, unseal

pytestmark = pytest.mark.django_db

_NOBODY = UUID(int=7)


def _order(*orders: ExecutionRequested) -> list[Dropped]:
    with committing(execute=True):
        return order_executions(orders=orders, at=AT)


def _respond(*responses: RequestAnswered) -> list[Dropped]:
    with committing(execute=True):
        return apply_responses(responses=responses, at=later(10))


def _results(broker: InMemoryBroker) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)]


def _statuses(execution: Execution) -> list[str]:
    return [step["status"] for step in execution.steps]


def test_it_submits_an_execution_to_the_engine(batch: Batch, broker: InMemoryBroker) -> None:
    live_workers("run-process", protocol="celery")
    assert _order(an_execution_order(batch)) == []
    execution = the_execution()
    request = every(Request).get()
    assert (request.request_id, request.status) == (str(execution.pk), RequestStatus.DISPATCHED)
    assert json.loads(request.body) == {
        "executionId": str(execution.pk),
        "batchId": str(batch.pk),
        "batchCorrelationId": "order-1_sub-1",
        "cardinality": "ONE_PER_FEATURE",
        "timeLimit": 60.0,
        "timeGrace": 300.0,
        "plugin": {
            "pluginId": "SimpleShellProcessPlugin",
            "version": "1.0.0-SNAPSHOT",
            "parameters": {
                "shellScript": "/bin/true",
                "durationForecast": "10s",
                "sizeForecast": "*1",
                "addMetadata": False,
                "requiredDataTypes": "RAWDATA",
                "scope": "SUBORDER",
                "cardinality": "ONE_PER_FEATURE",
                "maxFeaturesInInput": 0,
                "forbidSplitInSubOrders": False,
            },
        },
        "inputFiles": [FILE],
        "user": "ada@x.org",
    }
    assert (execution.status, execution.expected_duration) == ("REGISTERED", 10_000)
    assert _results(broker) == []


def test_it_keeps_the_engine_s_responses_from_other_clients(batch: Batch, broker: InMemoryBroker) -> None:
    live_workers("run-process")
    _order(an_execution_order(batch))
    assert broker.published_to(topology.RESPONSE_EVENT_EXCHANGE) == []
    assert len(broker.published_to(topology.EXECUTION_ANSWERS)) == 1


def test_it_sends_the_result_of_the_contract(batch: Batch, broker: InMemoryBroker) -> None:
    _order(an_execution_order(batch))
    execution = the_execution()
    _respond(a_response(execution.pk, content=an_outcome()))
    output = every(OutputFile).get()
    (result,) = _results(broker)
    assert result == {
        "executionId": str(execution.pk),
        "executionCorrelationId": "e-1",
        "batchId": str(batch.pk),
        "batchCorrelationId": "order-1_sub-1",
        "processId": str(batch.process_id),
        "processInfo": execution.process_info,
        "finalStatus": "SUCCESS",
        "outputs": [
            {
                "id": str(output.pk),
                "execId": str(execution.pk),
                "url": "file:/storage/one",
                "name": "F1/one.tif",
                "size": 4,
                "checksumMethod": "SHA-256",
                "checksumValue": "ab" * 32,
                "inputCorrelationIds": ["file:/batch/F1/one.raw"],
            }
        ],
        "messages": [""],
    }
    (message,) = broker.published_to(topology.EXECUTION_RESULT_EXCHANGE)
    assert message.headers["regards.tenant"] == "demo"
    assert message.headers["regards.converter"] == "GSON"
    assert message.headers["regards.type"] == topology.EXECUTION_RESULT_EVENT


def test_it_keeps_the_steps_and_the_log_of_the_fleet(batch: Batch) -> None:
    _order(an_execution_order(batch))
    _respond(a_response(the_execution().pk, content=an_outcome("FAILURE", message="exit 3")))
    execution = the_execution()
    assert _statuses(execution) == ["REGISTERED", "PREPARE", "RUNNING", "FAILURE"]
    assert [step["message"] for step in execution.steps] == ["", "load", "launch", "exit 3"]
    assert (execution.log, execution.deadline_at, execution.status) == (["done"], None, "FAILURE")


@pytest.mark.parametrize(
    ("state", "content", "message"),
    [
        ("ERROR", None, "no disk"),
        ("INVALID_CONTENT", None, "no disk"),
        ("SUCCESS", b"{}", "no outcome of an execution"),
        ("SUCCESS", b"no json", "no outcome of an execution"),
        ("SUCCESS", None, "no outcome of an execution"),
        ("SUCCESS", an_outcome("RUNNING"), "finalStatus RUNNING is not final"),
    ],
)
def test_it_fails_when_the_engine_says_so(
    state: str, content: bytes | None, message: str, batch: Batch, broker: InMemoryBroker
) -> None:
    _order(an_execution_order(batch))
    _respond(a_response(the_execution().pk, state=state, content=content, messages=("no disk",)))
    (result,) = _results(broker)
    assert result["finalStatus"] == "FAILURE"
    assert message in result["messages"][0]


def test_it_fails_when_the_engine_does_not_take_it(broker: InMemoryBroker) -> None:
    tenant = a_tenant(skipped=["process-execution"])
    _order(an_execution_order(a_batch(tenant, a_process(tenant, to_all=True))))
    (refusal,) = broker.published_to(topology.EXECUTION_ANSWERS)
    _respond(RequestAnswered.from_wire(headers=refusal.headers, body=refusal.body))
    (result,) = _results(broker)
    assert result["finalStatus"] == "FAILURE"
    assert "is configured to be automatically skipped" in result["messages"][0]


def _dispatched(_broker: InMemoryBroker, _execution: Execution) -> None:
    """Leave the request on its way."""


def _answered(broker: InMemoryBroker, execution: Execution) -> None:
    """End the request; its response has not come yet."""
    Engine(broker).answer(an_answer("SUCCESS", request_id=str(execution.pk), content=an_outcome()))


@pytest.mark.parametrize("meanwhile", [_dispatched, _answered])
def test_it_goes_on_when_somebody_else_is_refused_with_its_id(
    meanwhile: Callable[[InMemoryBroker, Execution], None], batch: Batch, broker: InMemoryBroker
) -> None:
    live_workers("run-process")
    _order(an_execution_order(batch))
    execution = the_execution()
    meanwhile(broker, execution)
    refusal = a_response(execution.pk, state="SKIPPED", messages=("it exists",))
    assert _respond(refusal) == []
    assert the_execution().status == "REGISTERED"
    _respond(refusal, a_response(execution.pk, content=an_outcome()))
    assert [result["finalStatus"] for result in _results(broker)] == ["SUCCESS"]


@pytest.mark.parametrize("state", ["GRANTED", "DELAYED"])
def test_it_goes_on_while_the_engine_does(state: str, batch: Batch, broker: InMemoryBroker) -> None:
    _order(an_execution_order(batch))
    assert _respond(a_response(the_execution().pk, state=state)) == []
    assert the_execution().status == "REGISTERED"
    assert _results(broker) == []


def test_it_sends_one_result_whatever_comes_after_it(batch: Batch, broker: InMemoryBroker) -> None:
    _order(an_execution_order(batch))
    success = a_response(the_execution().pk, content=an_outcome())
    error = a_response(the_execution().pk, state="ERROR", messages=("late",))
    _respond(success, error, success)
    dropped = _respond(error)
    assert [result["finalStatus"] for result in _results(broker)] == ["SUCCESS"]
    assert the_execution().status == "SUCCESS"
    assert len(dropped) == 1
    assert every(OutputFile).count() == 1


@pytest.mark.parametrize("request_id", [None, "no uuid", str(_NOBODY)])
def test_it_passes_over_responses_of_no_execution(request_id: str | None, batch: Batch) -> None:
    _order(an_execution_order(batch))
    response = replace(a_response(uuid4(), content=an_outcome()), request_id=request_id)
    assert len(_respond(response)) == 1


def test_it_orders_once_what_is_delivered_again(batch: Batch) -> None:
    order = an_execution_order(batch)
    _order(order, order)
    _order(order)
    assert every(Execution).count() == 1
    assert every(Request).count() == 1


def test_it_orders_again_what_has_ended(batch: Batch) -> None:
    order = an_execution_order(batch)
    _order(order)
    _respond(a_response(the_execution().pk, content=an_outcome()))
    _order(order)
    assert sorted(every(Execution).values_list("status", flat=True)) == ["REGISTERED", "SUCCESS"]


def test_it_keeps_orders_of_no_batch_as_dead_letters_and_takes_their_neighbours(batch: Batch) -> None:
    unknown = replace(an_execution_order(batch), batch_id=uuid4())
    foreign = replace(an_execution_order(batch), tenant="other")
    a_tenant(name="other")
    dropped = _order(unknown, an_execution_order(batch), foreign)
    assert [drop.position for drop in dropped] == [0, 2]
    assert dropped[0].reason == f"Batch uuid not found: {unknown.batch_id}"
    assert every(Execution).count() == 1


def _inactive(_batch: Batch) -> None:
    every(PluginConfiguration).update(active=False)


def _overridden(batch: Batch) -> None:
    every(Batch).filter(pk=batch.pk).update(parameters={"shellScript": "/bin/sh"})


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_inactive, "was deleted, or cannot be ordered now"),
        (_overridden, "Parameter shellScript cannot be given by an order"),
    ],
)
def test_it_fails_at_once_what_cannot_be_carried_out(
    spoil: Any, told: str, batch: Batch, broker: InMemoryBroker
) -> None:
    spoil(batch)
    _order(an_execution_order(batch))
    (result,) = _results(broker)
    assert result["finalStatus"] == "FAILURE"
    assert told in result["messages"][0]
    assert _statuses(the_execution()) == ["REGISTERED", "FAILURE"]
    assert is_demanded(result["processInfo"])
    assert (the_execution().process_name, result["processInfo"]) == ("Crop", batch.process_info)
    assert not every(Request).exists()


def test_it_says_what_a_process_was_that_a_release_before_did_not_note(
    batch: Batch, broker: InMemoryBroker
) -> None:
    every(Batch).update(process_name="", process_info={})
    _order(an_execution_order(batch))
    _inactive(batch)
    _order(an_execution_order(batch, "e-2"))
    every(Execution).delete()
    _order(an_execution_order(batch, "e-3"))
    known, unknown = (result["processInfo"] for result in _results(broker))
    assert known == batch.process_info
    assert is_demanded(unknown)
    assert (unknown["scope"], unknown["sizeLimitType"]) == ("SUBORDER", "NO_LIMIT")


def test_it_fails_an_order_that_is_too_big(batch: Batch, broker: InMemoryBroker, settings: Settings) -> None:
    settings.MESSAGE_MAX_BYTES = 100
    _order(an_execution_order(batch))
    assert "the limit is 100" in _results(broker)[0]["messages"][0]


def test_it_gives_fleets_the_values_of_the_order() -> None:
    tenant = a_tenant()
    process = a_process(tenant, to_all=True)
    stored = every(PluginConfiguration).get().parameters
    variables = a_parameter("envVariables", "A=1", dynamic=True)
    every(PluginConfiguration).update(parameters=[*stored, variables])
    _order(an_execution_order(a_batch(tenant, process, parameters={"envVariables": "A=2"})))
    order = json.loads(every(Request).get().body)
    assert order["plugin"]["parameters"]["envVariables"] == "A=2"


def test_it_takes_any_correlation_id(batch: Batch, broker: InMemoryBroker) -> None:
    strange = json.dumps({"user": "a", "featureId": ["defined", "é\u2028" * 2000]})
    _order(an_execution_order(batch, strange))
    _respond(a_response(the_execution(strange).pk, content=an_outcome()))
    assert _results(broker)[0]["executionCorrelationId"] == strange


def _run(message: str) -> None:
    every(Request).update(status=RequestStatus.RUNNING, error=message, moved_at=later(1))


def test_it_shows_how_far_an_execution_is(batch: Batch) -> None:
    live_workers("run-process")
    _order(an_execution_order(batch))
    prefix = f"[SimpleShellProcessPlugin] ExecId={the_execution().pk} | "
    _run(f"{prefix}Load input files into workdir")
    note_progress(at=later(2))
    # The contract: the time of the last step, not of the look.
    assert (the_execution().status, the_execution().last_updated) == ("PREPARE", later(1))
    _run(f"{prefix}Launch script /bin/true")
    note_progress(at=later(3))
    _run("50 %: half of it")
    note_progress(at=later(4))
    execution = the_execution()
    assert _statuses(execution) == ["REGISTERED", "PREPARE", "RUNNING"]
    assert execution.log == ["50 %: half of it"]
    assert note_progress(at=later(5)) == 0


def test_it_gives_each_attempt_its_time(batch: Batch) -> None:
    live_workers("run-process")
    _order(an_execution_order(batch))
    launched = f"[SimpleShellProcessPlugin] ExecId={the_execution().pk} | Launch script /bin/true"
    _run(launched)
    note_progress(at=later(1))
    first = the_execution().deadline_at
    note_progress(at=later(100))
    assert the_execution().deadline_at == first
    # Its fleet is dead, and another one has begun with it.
    every(Request).update(attempt=2)
    note_progress(at=later(101))
    execution = the_execution()
    assert (execution.deadline_at, execution.attempt) == (first and first + timedelta(seconds=100), 2)
    assert _statuses(execution) == ["REGISTERED", "RUNNING", "RUNNING"]
    assert note_progress(at=later(102)) == 0


def test_it_shows_the_last_lines_of_a_program_while_it_runs(batch: Batch) -> None:
    live_workers("run-process")
    _order(an_execution_order(batch))
    execution = the_execution()
    prefix = f"[SimpleShellProcessPlugin] ExecId={execution.pk} | "
    steps = [f"{prefix}Load input files into workdir", f"{prefix}Launch script /bin/true"]
    _run("\n".join([steps[0], "what came with the files"]))
    note_progress(at=later(1))
    assert the_execution().status == "PREPARE"
    # What others call their lines means nothing.
    _run("\n".join([*steps, "[Shell] ExecId=1 | one"]))
    note_progress(at=later(2))
    assert _statuses(the_execution()) == ["REGISTERED", "PREPARE", "RUNNING"]
    assert [step["message"] for step in the_execution().steps[1:]] == steps
    assert the_execution().log == ["[Shell] ExecId=1 | one"]
    _run("\n".join([steps[-1], "two"]))
    shown = log_tail(tenant=batch.tenant, execution_id=execution.pk)
    assert (shown.lines, shown.at, shown.is_live) == (("two",), later(1), True)
    note_progress(at=later(3))
    assert the_execution().log == ["two"]
    _respond(a_response(execution.pk, content=an_outcome()))
    ended = log_tail(tenant=batch.tenant, execution_id=execution.pk)
    assert (ended.lines, ended.is_live) == (("done",), False)
    with pytest.raises(UnknownExecution):
        log_tail(tenant=a_tenant(name="other"), execution_id=execution.pk)


def test_it_gives_fleets_a_sealed_token_when_files_are_internal(settings: Settings) -> None:
    settings.PROCESS_TOKEN_KEY = "a key that both have"
    tenant = a_tenant()
    batch = a_batch(tenant, a_process(tenant, to_all=True))
    internal = FILE | {"metadata": {"internal": "true", "featureId": "F1"}}
    _order(an_execution_order(batch), an_execution_order(batch, "e-2", files=(internal,)))
    bodies = {request.request_id: json.loads(request.body) for request in every(Request)}
    plain, sealed = (bodies[str(the_execution(name).pk)] for name in ("e-1", "e-2"))
    assert "sealedToken" not in plain
    addressee = Addressee(tenant="demo", request_id=sealed["executionId"], part=TOKEN)
    token = unseal(sealed["sealedToken"], key=settings.PROCESS_TOKEN_KEY, addressee=addressee)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["tenant"], claims["sub"], claims["role"]) == ("demo", "ada@x.org", "PROJECT_ADMIN")
    assert claims["exp"] - claims["iat"] == 86_400


def test_it_times_out_what_no_fleet_begins(batch: Batch, broker: InMemoryBroker, settings: Settings) -> None:
    settings.EXECUTION_START_TIMEOUT = 100
    _order(an_execution_order(batch))
    with committing(execute=True):
        assert end_overdue(at=later(100)) == 0
        assert end_overdue(at=later(101)) == 1
        assert end_overdue(at=later(102)) == 0
    (result,) = _results(broker)
    assert (result["finalStatus"], result["outputs"]) == ("TIMED_OUT", [])
    assert result["messages"] == ["No fleet began with it within 100 s"]


def test_it_times_out_what_does_not_end(batch: Batch, broker: InMemoryBroker, settings: Settings) -> None:
    settings.EXECUTION_TIMEOUT_GRACE = 5
    live_workers("run-process", since=AT, at=later(60))
    _order(an_execution_order(batch))
    _run("working")
    note_progress(at=AT)
    with committing(execute=True):
        assert end_overdue(at=AT + timedelta(seconds=65)) == 0
        assert end_overdue(at=AT + timedelta(seconds=66)) == 1
    assert "It was not over 60 s after its fleet began" in _results(broker)[0]["messages"][0]


def test_it_counts_in_no_session(batch: Batch) -> None:
    live_workers("run-process")
    _order(an_execution_order(batch), an_execution_order(batch, "e-2"))
    assert _cancel(the_execution().pk).status_code == 204
    with committing(execute=True):
        end_overdue(at=later(10**6))
    assert not every(Request).exists()
    assert not every(SessionChange).exists()


def test_it_makes_the_same_few_statements_for_any_number(
    batch: Batch, django_assert_max_num_queries: Any
) -> None:
    live_workers("run-process")
    orders = [an_execution_order(batch, f"e-{number}") for number in range(50)]
    with django_assert_max_num_queries(30):
        _order(*orders)
    responses = [
        a_response(execution.pk, content=an_outcome()) for execution in every(Execution).order_by("pk")
    ]
    with django_assert_max_num_queries(12):
        _respond(*responses)
    assert set(every(Execution).values_list("status", flat=True)) == {"SUCCESS"}
    assert Tenant.objects.count() == 1


def _cancel(execution_id: object, *, role: str = "ADMIN") -> Any:
    address = f"/api/v1/rs-processing/monitoring/executions/{execution_id}/cancel"
    with committing(execute=True):
        return client_as(role, tenant="demo").post(address)


def test_it_cancels_an_execution_and_its_request(batch: Batch, broker: InMemoryBroker) -> None:
    live_workers("run-process", protocol="celery")
    _order(an_execution_order(batch))
    execution = the_execution()
    assert _cancel(execution.pk).status_code == 204
    (result,) = _results(broker)
    assert (result["finalStatus"], result["messages"]) == ("CANCELLED", ["Cancelled by ada"])
    assert not every(Request).exists()
    assert _cancel(execution.pk).status_code == 409
    assert AuditEntry.objects.get(action="execution.cancelled").target == str(execution.pk)


@pytest.mark.parametrize(("execution_id", "status"), [(_NOBODY, 404), ("x", 400)])
def test_it_cancels_nothing_that_is_not_there(execution_id: object, status: int, batch: Batch) -> None:
    assert _cancel(execution_id).status_code == status
    assert every(Batch).get() == batch


def test_it_withdraws_the_request_of_what_took_too_long(batch: Batch, settings: Settings) -> None:
    settings.EXECUTION_START_TIMEOUT = 100
    _order(an_execution_order(batch))
    with committing(execute=True):
        end_overdue(at=later(101))
    assert not every(Request).exists()
