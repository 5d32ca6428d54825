"""What takes the place of a message that nobody has worked on."""

from typing import Any

import pytest
from kombu.message import Message

from workers.contract.work_request import WorkRequest
from workers.sdk.handing_back import copied
from workers.sdk.intake import ManagedWork
from workers.sdk.outgoing import Parcel

_REQUEST = WorkRequest(tenant="t", request_id="r", content=b"", headers={}, dispatch_id="1:1:1")


def _work(*, is_task: bool) -> ManagedWork:
    return ManagedWork(worker_type="Unzip", request=_REQUEST, redelivered=False, is_task=is_task)


@pytest.mark.parametrize(
    ("is_task", "queue"), [(False, "regards.worker.unzip.request"), (True, "regards.worker.unzip.task")]
)
def test_it_goes_to_the_queue_that_it_came_from(*, is_task: bool, queue: str) -> None:
    copy = copied(message=Message(body="", headers={}), work=_work(is_task=is_task), confirmed=print)
    assert (copy.exchange, copy.key, copy.confirmed) == ("", queue, print)


def test_it_is_the_same_message() -> None:
    properties = {"message_id": "1:1:1", "correlation_id": "2:2:2", "priority": 7, "delivery_mode": 2}
    message: Any = Message(body="{é}", headers={"acme": "1"}, properties=properties)
    publication = Parcel(copied(message=message, work=_work(is_task=False), confirmed=print)).leave()
    assert (publication.body, publication.headers) == ("{é}".encode(), {"acme": "1"})
    assert (publication.message_id, publication.correlation_id) == ("1:1:1", "2:2:2")
    assert publication.priority == 7
