"""A request that goes through several worker types."""

import base64
import hashlib
import json

import pytest

from tests.acceptance.amqp_client import RabbitClient
from tests.acceptance.conftest import Hire
from tests.acceptance.participant import Client
from tests.acceptance.tables import finished
from tests.acceptance.worker_types import ALL_BYTES, effect_file
from tests.stack.platform import Platform


def test_it_runs_each_of_three_steps_once_and_in_order(client: Client, shared: Platform) -> None:
    client.submit("flow-1", "three-steps", b'{"name":"scene"}')
    success = client.await_states("flow-1", "GRANTED", "GRANTED", "GRANTED", "SUCCESS")[-1]
    content = json.loads(success.content)
    assert content["name"] == "scene"
    assert [step for step, _ in content["trail"]] == ["a", "b", "c"]
    runs = effect_file(shared.stack.var / "storage", "flow-1").read_text().splitlines()
    assert [line.split()[1:] for line in runs] == content["trail"]
    assert finished(shared.stack)["flow-1"] == ["SUCCESS"]


@pytest.mark.rabbitmq
def test_it_sends_a_foreign_worker_exactly_the_message_of_the_contract(
    client: RabbitClient, hire: Hire
) -> None:
    worker = hire("foreign-middle")
    worker.beat()
    client.submit("flow-2", "foreign-in-the-middle", owner="esa", session="s-2")
    request = worker.take()
    assert request.headers == {
        "regards.tenant": "default",
        "regards.request.id": "flow-2",
        "regards.request.owner": "esa",
        "regards.request.session": "s-2",
        "regards.request.content_type": "foreign-in-the-middle",
        "acme.colour": "blue",
        "acme.count": "3",
    }
    assert (request.exchange, request.routing_key) == ("regards.worker.foreign-middle.request", "#")
    assert request.body == ALL_BYTES
    properties = request.properties
    assert (properties.priority or 0, properties.delivery_mode) == (0, 2)
    assert (properties.content_type, properties.content_encoding) == ("application/json", None)
    assert properties.app_id == "REGARDS"
    assert properties.timestamp > 1_700_000_000
    worker.answer(request, status="SUCCESS", content=b"\x00")
    client.await_final("flow-2")


@pytest.mark.rabbitmq
def test_it_runs_a_foreign_worker_between_celery_tasks(client: RabbitClient, hire: Hire) -> None:
    worker = hire("foreign-middle")
    worker.beat()
    client.submit("flow-3", "foreign-in-the-middle")
    request = worker.take()
    answered = ALL_BYTES[::-1] * 40
    headers = {"acme.size": 7, "acme.open": True, "regards.tenant": "second", "task": "acme"}
    worker.answer(request, status="SUCCESS", content=answered, additionalHeaders=headers)
    seen = json.loads(client.await_final("flow-3").content)
    assert seen["sha256"] == hashlib.sha256(answered).hexdigest()
    assert base64.b64decode(seen["content"]) == answered
    assert seen["content_type"] == "foreign-in-the-middle"
    # Not those of the step before, and none of the protocol's.
    assert seen["headers"] == {"acme.size": "7", "acme.open": "true", "task": "acme"}


@pytest.mark.rabbitmq
def test_it_sends_raw_messages_to_a_type_that_a_foreign_worker_serves_too(
    client: RabbitClient, hire: Hire
) -> None:
    """Our fleet reads them as well, whatever the additional headers are called."""
    worker, beside_our_fleet = hire("foreign-middle"), hire("accept-inspect")
    worker.beat()
    beside_our_fleet.beat()
    client.submit("flow-6", "foreign-in-the-middle")
    headers = {"task": "acme", "id": "7", "acme.size": "1"}
    worker.answer(worker.take(), status="SUCCESS", content=ALL_BYTES, additionalHeaders=headers)
    seen = json.loads(client.await_final("flow-6").content)
    assert base64.b64decode(seen["content"]) == ALL_BYTES
    assert seen["headers"] == headers


@pytest.mark.rabbitmq
def test_it_sends_a_foreign_worker_the_client_s_body_byte_for_byte(client: RabbitClient, hire: Hire) -> None:
    worker = hire("foreign-single")
    worker.beat()
    body = '{ "é" : "\\u0041 ☃" ,\n"n":1.50 }'.encode()
    client.submit("flow-4", "foreign-single", body)
    request = worker.take()
    assert request.body == body
    worker.answer(request, status="RUNNING", messages=["half", None, "way"])
    worker.answer_raw(request, b'{"status":"SUCCESS"}')
    success = client.await_states("flow-4", "GRANTED", "SUCCESS")[-1]
    assert success.content == b"{}"


@pytest.mark.rabbitmq
def test_it_stops_a_workflow_whose_step_returned_nothing(client: RabbitClient, hire: Hire) -> None:
    worker = hire("foreign-middle")
    worker.beat()
    client.submit("flow-5", "foreign-in-the-middle")
    worker.answer(worker.take(), status="SUCCESS")
    assert client.await_final("flow-5").message == (
        "Error during processing your request in <foreign-middle> worker : Cause : An error occurred at step "
        '20 of the workflow "foreign-in-the-middle". The workerResponseEvent flow-5 did not return any '
        "content while it is required by the next worker. Workflow is therefore stopped at this step.."
    )
