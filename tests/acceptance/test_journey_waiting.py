"""Requests that come before anybody can take them."""

import json

import pytest

from tests.acceptance import configuration
from tests.acceptance.amqp_client import RabbitClient
from tests.acceptance.conftest import Hire
from tests.acceptance.participant import Client
from tests.stack.platform import Platform


def test_it_takes_requests_up_when_their_worker_type_comes_alive(client: Client, shared: Platform) -> None:
    client.submit("wait-1", "d")
    client.submit("wait-2", "with-late-step")
    (delayed,) = client.await_states("wait-1", "DELAYED")
    assert delayed.body["messages"] == [
        "Your request has been delayed as no worker is currently matching content type <d>."
    ]
    assert "regards.worker_id" not in delayed.headers
    client.await_states("wait-2", "GRANTED", "GRANTED", "GRANTED", "DELAYED")
    fleet = shared.start_fleet(["accept-late"])
    client.await_states("wait-1", "DELAYED", "GRANTED", "SUCCESS")
    client.await_states("wait-2", "GRANTED", "GRANTED", "GRANTED", "DELAYED", "GRANTED", "SUCCESS")
    trail = json.loads(client.heard["wait-2"][-1].content)["trail"]
    assert [step for step, _ in trail] == ["a", "b", "c", "late"]
    fleet.terminate()


def test_it_takes_a_request_up_when_its_content_type_is_configured(client: Client, shared: Platform) -> None:
    client.submit("wait-3", "configured-later")
    client.await_states("wait-3", "DELAYED")
    items = [configuration.workflow("configured-later", "accept-stamp-b", "accept-stamp-c")]
    shared.manage("import_configuration", "-", stdin=configuration.document(items))
    client.await_states("wait-3", "DELAYED", "GRANTED", "GRANTED", "SUCCESS")


@pytest.mark.rabbitmq
def test_it_takes_a_request_up_at_the_first_heartbeat_of_a_foreign_worker(
    client: RabbitClient, hire: Hire
) -> None:
    client.submit("wait-4", "foreign-waking")
    client.await_states("wait-4", "DELAYED")
    worker = hire("foreign-waking")
    worker.beat()
    worker.answer(worker.take(), status="SUCCESS", content=b"here")
    assert client.await_states("wait-4", "DELAYED", "GRANTED", "SUCCESS")[-1].content == b"here"
