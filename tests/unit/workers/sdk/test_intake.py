import json
from typing import Any

import pytest
from kombu.message import Message

from workers.contract.errors import MalformedMessage
from workers.contract.work_request import WorkRequest
from workers.sdk.intake import Intake
from workers.transport.tolerance import UNREADABLE

_HEADERS = {"regards.tenant": "t", "regards.request.id": "r"}
_ARGUMENT = {"content": "YQ==", "headers": _HEADERS}


def _raw(**fields: Any) -> Message:
    defaults: dict[str, Any] = {
        "body": b"a",
        "headers": dict(_HEADERS),
        "properties": {"message_id": "1:1:1"},
        "delivery_info": {"exchange": "regards.worker.unzip.request", "routing_key": "#"},
    }
    return Message(**(defaults | fields))


def _task(body: object, *, task: str = "regards.worker.UnZip") -> Message:
    return _raw(
        body=json.dumps(body),
        headers={**_HEADERS, "task": task},
        content_type="application/json",
        content_encoding="utf-8",
        delivery_info={"exchange": "", "routing_key": "regards.worker.unzip.task", "redelivered": True},
    )


@pytest.fixture
def intake() -> Intake:
    return Intake(types=["UnZip", "other"])


def test_it_reads_a_raw_message(intake: Intake) -> None:
    work = intake.read(_raw())
    assert work is not None
    assert (work.worker_type, work.redelivered) == ("UnZip", False)
    assert work.queue == "regards.worker.unzip.request"
    assert work.request == WorkRequest(
        tenant="t", request_id="r", content=b"a", headers={}, dispatch_id="1:1:1"
    )


def test_it_finds_the_type_of_a_message_that_was_moved_by_queue_name(intake: Intake) -> None:
    work = intake.read(_raw(delivery_info={"exchange": "", "routing_key": "regards.worker.other.request"}))
    assert work is not None
    assert work.worker_type == "other"


def test_it_reads_a_task_of_a_manager(intake: Intake) -> None:
    work = intake.read(_task([[_ARGUMENT], {"dispatch_id": "4:2:1"}, {}]))
    assert work is not None
    assert (work.worker_type, work.redelivered) == ("UnZip", True)
    assert work.queue == "regards.worker.unzip.task"
    assert (work.request.content, work.request.dispatch_id) == (b"a", "4:2:1")


def test_it_hears_from_the_message_itself_what_its_manager_takes(intake: Intake) -> None:
    message = _task([[_ARGUMENT], {"dispatch_id": "4:2:1"}, {}])
    message.headers["x-accepts-stored-content"] = "true"
    work = intake.read(message)
    assert work is not None
    assert work.request.accepts_stored


def test_it_does_not_believe_an_additional_header_that_a_worker_made_up(intake: Intake) -> None:
    argument = {"content": "YQ==", "headers": _HEADERS | {"x-accepts-stored-content": "true"}}
    task = intake.read(_task([[argument], {"dispatch_id": "4:2:1"}, {}]))
    raw = intake.read(_raw(headers={**_HEADERS, "x-accepts-stored-content": "true"}))
    assert task is not None
    assert raw is not None
    assert (task.request.accepts_stored, raw.request.accepts_stored) == (False, False)


def test_it_leaves_native_tasks_to_celery(intake: Intake) -> None:
    assert intake.read(_task([[_ARGUMENT], {}, {}])) is None


def test_it_leaves_unknown_tasks_to_celery(intake: Intake) -> None:
    assert intake.read(_task([[], {}, {}], task="regards.worker.nobody")) is None


@pytest.mark.parametrize(
    "stranger", [None, "", "x", "1:1", "1:1:1:1:1", "\u0661:\u0661:\u0661", "1:1:1\n", "1:" * 200 + "1"]
)
def test_it_does_not_take_a_strangers_message_id_for_a_dispatch(intake: Intake, stranger: str | None) -> None:
    work = intake.read(_raw(properties={"message_id": stranger}))
    assert work is not None
    assert work.request.dispatch_id is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (_raw(headers={}), "Missing"),
        (_raw(delivery_info={"exchange": "e", "routing_key": "k"}), "No worker type here for exchange 'e'"),
        (_task({"args": []}), "The body is not that of a Celery task|arguments, keyword arguments, links"),
        (_task([[], {}]), "The body is not that of a Celery task"),
        (_task([{}, {}, {}]), "The body of a Celery task must be"),
        (_task([[], {"dispatch_id": "1:1:1"}, {}]), "must be an object with content and headers"),
        (_task([[_ARGUMENT], {"dispatch_id": 7}, {}]), "dispatch_id must be <id>:<step>:<attempt>, got 7"),
    ],
)
def test_it_refuses_what_does_not_follow_the_contract(intake: Intake, message: Message, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        intake.read(message)


@pytest.mark.parametrize("message", [_raw(), _task([[_ARGUMENT], {"dispatch_id": "4:2:1"}, {}])])
def test_it_refuses_a_message_whose_properties_could_not_be_read(intake: Intake, message: Message) -> None:
    message.headers[UNREADABLE] = "OverflowError('date')"
    with pytest.raises(MalformedMessage, match="Headers and properties cannot be read: OverflowError"):
        intake.read(message)
