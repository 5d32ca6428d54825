"""What takes the place of a request that was lost with its worker."""

from typing import Any

import pytest
from kombu.message import Message

from workers.contract import names
from workers.contract.work_request import WorkRequest
from workers.sdk.intake import ManagedWork
from workers.sdk.outgoing import Outgoing
from workers.sdk.redelivery import counted

_REQUEST = WorkRequest(tenant="default", request_id="r-1", content=b"\x00\xff", headers={})
_WORK = ManagedWork(worker_type="Unzip", request=_REQUEST, redelivered=True)


def _counted(headers: dict[str, object]) -> Outgoing:
    properties = {"message_id": "m-1", "priority": 7}
    fields: dict[str, Any] = {"body": _REQUEST.content, "headers": headers, "properties": properties}
    message = Message(**fields)
    return counted(message=message, work=_WORK, most=3, confirmed=lambda: None)


@pytest.mark.parametrize(
    ("before", "after"), [({}, 1), ({"x-worker-losses": 1}, 2), ({"x-worker-losses": "9"}, 1)]
)
def test_it_puts_a_copy_that_counts_into_the_same_queue(before: dict[str, object], after: int) -> None:
    copy = _counted({"acme.n": "1"} | before)
    assert (copy.exchange, copy.key) == ("", "regards.worker.unzip.request")
    assert copy.wire.headers == {"acme.n": "1", "x-worker-losses": after}
    assert copy.wire.body == b"\x00\xff"
    assert (copy.wire.message_id, copy.priority) == ("m-1", 7)


def test_it_gives_up_when_too_many_workers_were_lost() -> None:
    letter = _counted({"x-worker-losses": 2})
    assert letter.exchange == names.REQUEST_DEAD_LETTERS
    assert letter.wire.headers["x-exception-stacktrace"] == (
        "Given up after 3 deliveries without an answer: the workers that had the request were lost."
    )
