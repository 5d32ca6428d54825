"""What takes the place of a message that nobody has worked on."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.message import Message

from workers.contract import names
from workers.contract.work_request import WorkRequest
from workers.sdk import process
from workers.sdk.config import WorkerConfig
from workers.sdk.handing_back import copied, returned
from workers.sdk.intake import ManagedWork
from workers.sdk.outgoing import Parcel
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing

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


def _in_hand(*, announced: bool, dispatch_id: str | None = "1:1:1") -> Any:
    work = replace(_work(is_task=True), request=replace(_REQUEST, dispatch_id=dispatch_id))
    message = Message(body="", headers={})
    return SimpleNamespace(announced=announced, work=work, message=message, acknowledge=print)


@pytest.mark.parametrize(
    "request_in_hand",
    [_in_hand(announced=False), _in_hand(announced=True, dispatch_id=None)],
    ids=["nobody was told", "its manager does not watch"],
)
def test_it_goes_back_unchanged(request_in_hand: Any) -> None:
    assert returned(request_in_hand).key == "regards.worker.unzip.task"


def test_a_new_attempt_is_asked_for_when_its_manager_was_told_that_it_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process, "_runner", None)
    config = WorkerConfig.from_env({"REGARDS_VAR": str(tmp_path)})
    process.install(Runner(config=config, announce=print, tracing=Tracing(config=config)))
    answer = returned(_in_hand(announced=True))
    assert (answer.exchange, answer.confirmed) == (names.FENCED_ANSWERS, print)
    told = json.loads(answer.wire.body)
    assert (told["status"], told["retryAfter"]) == ("RETRY_LATER", 0)
    assert told["messages"] == ["The worker was stopped before the work had begun"]
