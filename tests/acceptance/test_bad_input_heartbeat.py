"""Heartbeats that do not follow the contract, and clocks that go wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.amqp_client import DEAD_LETTERS, RabbitClient
from tests.acceptance.conftest import Hire, one_bulk
from tests.stack.process import ManagedProcess

pytestmark = pytest.mark.rabbitmq

_LONG_AGO = "2025-01-01T00:00:00Z"
_BODIES = {
    b'{"id":"w","type":"t","heartBeatDate":"yesterday"}': "heartBeatDate must be an ISO-8601 date, got",
    b'{"id":"w","type":"t","heartBeatDate":1735689600}': "heartBeatDate must be an ISO-8601 date, got",
    b'{"id":"w","type":"t","heartBeatDate":null}': "heartBeatDate must be an ISO-8601 date, got None",
    b'{"id":"w","type":"t"}': "heartBeatDate must be an ISO-8601 date, got None",
    b'{"id":"w","heartBeatDate":"2025-01-01T00:00:00Z"}': "type must be a non-empty string, got None",
    b'{"id":"","type":"t","heartBeatDate":"2025-01-01T00:00:00Z"}': "id must be a non-empty string",
    b"[]": "Body must be a JSON object, not list",
    b"": "Body is empty",
}


@pytest.mark.parametrize("body", _BODIES)
def test_it_keeps_a_heartbeat_it_cannot_read_with_the_reason(
    client: RabbitClient, hire: Hire, manager: ManagedProcess, body: bytes
) -> None:
    worker = hire("foreign-beating")
    with one_bulk(manager):
        worker.beat_raw(body)
        worker.beat()
    letter = worker.await_message(DEAD_LETTERS)
    assert _BODIES[body] in letter.headers["x-exception-message"]
    assert letter.headers["x-death-queue"].startswith("regards.worker.manager.heartbeat.")
    assert letter.headers["x-original-exchange"] == "regards.worker.manager.heartbeat"
    assert letter.body == body
    # The neighbour counts.
    name = f"beat-{abs(hash(body))}"
    client.submit(name, "foreign-beating")
    client.await_states(name, "GRANTED")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"regards.tenant": None}, "Missing **regards.tenant** header"),
        ({"regards.tenant": 3}, "regards.tenant must be a string, not int"),
        ({"regards.tenant": "nowhere"}, "no active tenant nowhere"),
    ],
    ids=["no tenant", "number as tenant", "unknown tenant"],
)
def test_it_keeps_a_heartbeat_of_no_tenant(hire: Hire, headers: dict[str, object], reason: str) -> None:
    worker = hire("foreign-beating")
    body = b'{"id":"w","type":"t","heartBeatDate":"2025-01-01T00:00:00Z"}'
    worker.beat_raw(body, **headers)
    assert reason in worker.await_message(DEAD_LETTERS).headers["x-exception-message"]


def test_it_ignores_a_heartbeat_from_the_past(client: RabbitClient, hire: Hire) -> None:
    worker = hire("foreign-past")
    worker.beat(heartBeatDate=_LONG_AGO)
    worker.beat(heartBeatDate=(datetime.now(UTC) - timedelta(seconds=31)).isoformat())
    client.submit("beat-past", "foreign-past")
    client.await_states("beat-past", "DELAYED")
    assert worker.drain(DEAD_LETTERS) == []


def test_it_takes_a_heartbeat_from_the_future_as_one_of_now(client: RabbitClient, hire: Hire) -> None:
    worker = hire("foreign-future")
    worker.beat(heartBeatDate="2999-12-31T23:59:59.999999+14:00")
    client.submit("beat-future", "foreign-future")
    client.await_states("beat-future", "GRANTED")
    worker.answer(worker.take(), status="SUCCESS")
    client.await_states("beat-future", "GRANTED", "SUCCESS")
