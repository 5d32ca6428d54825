"""By what an answer is known that does not name the dispatch it answers."""

from dataclasses import replace
from typing import Any

import pytest

from regards_processing.kernel.amqp.envelope import Inbound
from tests.factories.wire import an_answer_message
from worker_manager.consumers.worker_answer import WorkerAnswerConsumer
from worker_manager.events.nameless_answer import NamelessAnswer
from workers.contract.work_answer import AnswerStatus, WorkAnswer

_MESSAGE = an_answer_message(status="SUCCESS", content="MQ==", messages=["done"])


def _read(message: Inbound) -> NamelessAnswer:
    answer = WorkerAnswerConsumer().decode(message)
    assert isinstance(answer, NamelessAnswer)
    return answer


def test_it_says_what_the_worker_said() -> None:
    answer = _read(_MESSAGE)
    assert (answer.tenant, answer.request_id, answer.status) == ("demo", "r-1", AnswerStatus.SUCCESS)
    assert (answer.content, answer.messages, answer.again) == (b"1", ("done",), False)


def test_it_needs_no_fingerprint_when_the_dispatch_is_named() -> None:
    assert type(WorkerAnswerConsumer().decode(replace(_MESSAGE, correlation_id="7:2:3"))) is WorkAnswer


@pytest.mark.parametrize(
    "changes",
    [
        {"redelivered": True},
        # An operator sends it back.
        {"headers": {**_MESSAGE.headers, "x-replayed": True}},
    ],
)
def test_it_is_the_same_when_it_comes_again(changes: dict[str, Any]) -> None:
    again = _read(replace(_MESSAGE, **changes))
    assert (again.again, again.fingerprint) == (True, _read(_MESSAGE).fingerprint)


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {**_MESSAGE.headers, "regards.tenant": "other"}},
        {"headers": {**_MESSAGE.headers, "regards.request.id": "r-2"}},
        {"queue": "another"},
        {"message_id": "m-2"},
        {"correlation_id": "spring-42"},
        {"properties": {"timestamp": 1_700_000_000}},
        {"body": _MESSAGE.body + b" "},
    ],
)
def test_it_is_another_one_when_anything_is_different(changes: dict[str, Any]) -> None:
    assert _read(replace(_MESSAGE, **changes)).fingerprint != _read(_MESSAGE).fingerprint
