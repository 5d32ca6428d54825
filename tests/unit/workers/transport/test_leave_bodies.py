"""Who unpacks a body that a header calls packed: for tasks of Celery kombu, for requests nobody."""

import zlib
from types import SimpleNamespace
from typing import Any

import pytest

from workers.contract import names
from workers.transport.raw_messages import RabbitMessage

_PACKED = zlib.compress(b"[]")


def _message(**delivery_info: str) -> Any:
    delivered: Any = SimpleNamespace(
        body=_PACKED,
        delivery_tag=1,
        delivery_info=delivery_info,
        properties={"application_headers": {"compression": "application/x-gzip", "task": "any"}},
    )
    return RabbitMessage(delivered)


@pytest.mark.parametrize(
    "delivery",
    [
        {"exchange": names.request_queue("Unzip"), "routing_key": "#"},
        {"exchange": "", "routing_key": names.request_queue("Unzip")},
    ],
)
def test_a_request_keeps_body_and_header(delivery: dict[str, str]) -> None:
    message = _message(**delivery)
    assert (message.body, message.headers["compression"], message.errors) == (
        _PACKED,
        "application/x-gzip",
        [],
    )


@pytest.mark.parametrize("queue", [names.task_queue("unzip.request"), "regards.jobs"])
def test_a_task_of_celery_is_unpacked(queue: str) -> None:
    assert _message(exchange="", routing_key=queue).body == b"[]"
