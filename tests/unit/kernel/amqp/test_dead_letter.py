"""Copies of messages for a dead-letter queue."""

import re
from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.dead_letters import dead_letter
from regards_processing.kernel.amqp.envelope import Inbound, Outbound


def _nested(levels: int) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for _ in range(levels):
        table = {"n": table}
    return table


def copy_of(*, headers: dict[str, Any] | None = None, **properties: Any) -> Outbound:
    message = Inbound(
        queue="q",
        exchange="an.exchange",
        routing_key="a.key",
        headers=headers or {},
        body=b"\x00\xff",
        message_id="m",
        correlation_id="c",
        properties=properties,
    )
    return dead_letter(message, queue=topology.answers(), reason="why", stacktrace="where")


def test_it_says_why_and_where_from() -> None:
    assert copy_of(headers={"regards.tenant": "perf"}).headers == {
        "regards.tenant": "perf",
        "x-exception-stacktrace": "where",
        "x-exception-message": "why",
        "x-original-exchange": "an.exchange",
        "x-original-routingKey": "a.key",
        "x-death-queue": "regards.worker.manager.response",
    }


def test_it_goes_where_the_queue_keeps_its_dead_letters() -> None:
    copy = copy_of()
    assert (copy.exchange, copy.routing_key) == ("regards.DLX", "regards.worker.manager.response.DLQ")
    assert copy.mandatory


def test_it_keeps_body_identity_and_properties() -> None:
    copy = copy_of(priority=9, content_type="text/plain", app_id="a", timestamp=5, type="t", reply_to="r")
    assert (copy.body, copy.message_id, copy.correlation_id) == (b"\x00\xff", "m", "c")
    assert (copy.priority, copy.content_type, copy.content_encoding) == (9, "text/plain", None)
    assert copy.properties == {"app_id": "a", "timestamp": 5, "type": "t", "reply_to": "r"}


def test_it_drops_properties_that_would_lose_the_copy() -> None:
    assert copy_of(expiration="10", user_id="somebody", delivery_mode=1).properties == {}


def test_it_replaces_a_priority_that_is_none() -> None:
    assert copy_of(priority="high").priority == 0


def test_it_drops_headers_that_leave_no_room() -> None:
    headers = copy_of(headers={"regards.tenant": "perf", "regards.odd": 3, "big": "x" * 70_000}).headers
    assert headers["regards.tenant"] == "perf"
    assert headers["x-dropped-headers"] == 2
    assert "big" not in headers


def test_it_cuts_what_is_long() -> None:
    message = Inbound(queue="q", exchange="", routing_key="", headers={}, body=b"")
    copy = dead_letter(message, queue=topology.requests(), reason="r" * 5000, stacktrace="s" * 50_000 + "end")
    assert copy.headers["x-exception-stacktrace"].endswith("end")
    assert len(copy.headers["x-exception-stacktrace"]) == 8000
    assert len(copy.headers["x-exception-message"]) == 1000


def test_it_measures_headers_as_they_are_written() -> None:
    headers = copy_of(headers={"regards.tenant": "perf", "x": "€" * 43_600}).headers
    assert (headers["regards.tenant"], headers["x-dropped-headers"]) == ("perf", 1)
    assert headers["x-exception-message"] == "why [headers left out: 'x' (no room for 130807 bytes)]"


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("n" * 256, "x", "limited to 255 bytes"),
        ("é" * 128, 1, "limited to 255 bytes|error"),
        ("number", 2**64, "error"),
        ("numbers", [1, {"deep": 2**70}], "error"),
        ("levels", _nested(2000), "RecursionError"),
    ],
)
def test_it_leaves_out_headers_that_cannot_be_written(name: str, value: object, why: str) -> None:
    headers = copy_of(headers={"regards.tenant": "perf", name: value, "other": 3}).headers
    assert (headers["regards.tenant"], headers["other"], headers["x-dropped-headers"]) == ("perf", 3, 1)
    assert re.search(rf"why \[headers left out: '{name[:60]}' \(.*({why})", headers["x-exception-message"])


def test_it_names_few_of_the_headers_that_it_leaves_out() -> None:
    odd = {str(number) * 256: "x" for number in range(1, 9)}
    headers = copy_of(headers=odd).headers
    assert headers["x-exception-message"].endswith(") and 5 more]")
    assert headers["x-dropped-headers"] == 8


def test_it_limits_even_the_headers_of_the_contract() -> None:
    headers = copy_of(headers={f"regards.{number}": "x" * 900 for number in range(200)}).headers
    assert sum(name.startswith("regards.") for name in headers) == 69
    assert headers["x-dropped-headers"] == 131


def test_it_leaves_out_properties_that_cannot_be_written() -> None:
    message = Inbound(
        queue="q",
        exchange="",
        routing_key="",
        headers={},
        body=b"",
        message_id="m",
        correlation_id="c" * 256,
        properties={"content_type": "é" * 128, "timestamp": -1, "type": 7, "reply_to": "r"},
    )
    copy = dead_letter(message, queue=topology.answers(), reason="why", stacktrace="where")
    assert (copy.message_id, copy.correlation_id, copy.content_type) == ("m", None, None)
    assert copy.properties == {"reply_to": "r"}
