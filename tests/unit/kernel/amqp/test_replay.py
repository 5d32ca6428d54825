"""Where a dead letter goes back to, and what it takes along."""

from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.dead_letters import dead_letter
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.replay import origin, revived

_ANSWERS_DLQ = "regards.worker.manager.response.DLQ"


def _letter(headers: dict[str, Any], *, queue: str = "regards.DLQ", **fields: Any) -> Inbound:
    return Inbound(queue=queue, exchange="regards.DLX", routing_key="", headers=headers, body=b"b", **fields)


@pytest.mark.parametrize(
    ("headers", "queue", "found"),
    [
        ({"x-death-queue": "q"}, "regards.DLQ", "q"),
        ({"x-death-queue": "q", "x-death": [{"queue": "p"}]}, "regards.DLQ", "q"),
        ({"x-death": [{"queue": "p"}, {"queue": "o"}]}, "regards.DLQ", "p"),
        ({}, _ANSWERS_DLQ, "regards.worker.manager.response"),
        ({}, "regards.DLQ", None),
        ({"x-death-queue": "regards.DLQ"}, "regards.DLQ", None),
        ({"x-death-queue": 7, "x-death": 7}, "regards.DLQ", None),
        ({"x-death-queue": "", "x-death": []}, "regards.DLQ", None),
        ({"x-death-queue": "nul \0", "x-death": ["p"]}, "regards.DLQ", None),
        ({"x-death-queue": "q" * 256, "x-death": [{"queue": b"p"}]}, "regards.DLQ", None),
    ],
)
def test_it_finds_the_queue_in_which_a_message_died(
    headers: dict[str, Any], queue: str, found: str | None
) -> None:
    assert origin(_letter(headers, queue=queue)) == found


def test_it_undoes_what_a_death_did() -> None:
    alive = Inbound(
        queue=topology.RESPONSE_QUEUE,
        exchange="e",
        routing_key="k",
        headers={"regards.tenant": "demo"},
        body=b"b",
        message_id="m",
        properties={"priority": 3, "content_type": "text/plain"},
    )
    dead = dead_letter(alive, queue=topology.answers(), reason="why", stacktrace="where")
    back = revived(_letter(dict(dead.headers), message_id="m", properties=alive.properties), queue="q")
    assert (back.exchange, back.routing_key) == ("", "q")
    assert back.headers == {**alive.headers, "x-replayed": True}
    assert (back.body, back.message_id, back.priority, back.content_type) == (b"b", "m", 3, "text/plain")
    assert back.mandatory


def test_it_lets_attempts_be_counted_anew() -> None:
    headers = {"x-retries": 4, "x-delay": 5000, "x-last-death-reason": "rejected", "x-mine": 1}
    assert revived(_letter(headers), queue="q").headers == {"x-mine": 1, "x-replayed": True}
