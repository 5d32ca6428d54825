"""Answers that do not follow the contract, or that must not count, between good ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.acceptance.amqp_client import (
    ANSWER_DEAD_LETTERS,
    ANSWER_EXCHANGE,
    ForeignWorker,
    RabbitClient,
    Received,
)
from tests.acceptance.conftest import Hire, one_bulk
from tests.stack.process import ManagedProcess

pytestmark = pytest.mark.rabbitmq

_SUCCESS = b'{"status":"SUCCESS","content":"e30="}'


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A body that answers a request in a wrong way."""

    body: bytes
    reason: str


_BODIES = {
    "broken-base64": Bad(body=b'{"status":"SUCCESS","content":"e30"}', reason="content is not Base64"),
    "no-base64": Bad(body=b'{"status":"SUCCESS","content":"{}"}', reason="content is not Base64"),
    "content-as-array": Bad(
        body=b'{"status":"SUCCESS","content":[123,125]}', reason="content must be Base64 text, not list"
    ),
    "unknown-status": Bad(body=b'{"status":"DONE"}', reason="status must be one of"),
    "no-status": Bad(body=b'{"content":"e30="}', reason="status must be one of"),
    "messages-as-text": Bad(
        body=b'{"status":"RUNNING","messages":"half way"}', reason="messages must be an array of strings"
    ),
    "headers-as-array": Bad(
        body=b'{"status":"SUCCESS","content":"","additionalHeaders":[]}',
        reason="additionalHeaders must be an object",
    ),
    "not-json": Bad(body=b"SUCCESS", reason="Body is not JSON"),
    "not-an-object": Bad(body=b'["SUCCESS"]', reason="Body must be a JSON object, not list"),
    "empty": Bad(body=b"", reason="Body is empty"),
}


@pytest.fixture
def worker(hire: Hire) -> Iterator[ForeignWorker]:
    hired = hire("foreign-answering")
    hired.beat()
    yield hired
    hired.drain(ANSWER_DEAD_LETTERS)


def _dispatched(client: RabbitClient, worker: ForeignWorker, *names: str) -> dict[str, Received]:
    for name in names:
        client.submit(name, "foreign-answering")
    found = [worker.take() for _ in names]
    return {request.headers["regards.request.id"]: request for request in found}


def _about(request_id: str) -> dict[str, str]:
    return {"regards.tenant": "default", "regards.request.id": request_id}


def _send(worker: ForeignWorker, headers: dict[str, object], body: bytes = _SUCCESS) -> None:
    worker.publish(exchange=ANSWER_EXCHANGE, key="#", headers=headers, body=body)


@pytest.mark.parametrize("case", _BODIES)
def test_it_keeps_an_answer_it_cannot_read_and_still_takes_the_right_one(
    client: RabbitClient, worker: ForeignWorker, manager: ManagedProcess, case: str
) -> None:
    before, victim, after = f"before-{case}", f"victim-{case}", f"after-{case}"
    requests = _dispatched(client, worker, before, victim, after)
    with one_bulk(manager):
        worker.answer_raw(requests[before], _SUCCESS)
        worker.answer_raw(requests[victim], _BODIES[case].body)
        worker.answer_raw(requests[after], _SUCCESS)
    client.await_all([before, after])
    letter = worker.await_message(ANSWER_DEAD_LETTERS)
    assert letter.headers["regards.request.id"] == victim
    assert _BODIES[case].reason in letter.headers["x-exception-message"]
    assert letter.headers["x-death-queue"] == "regards.worker.manager.response"
    assert letter.body == _BODIES[case].body
    worker.answer_raw(requests[victim], _SUCCESS)
    client.await_states(victim, "GRANTED", "SUCCESS")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (_about("nobody-s"), "Answer SUCCESS of request nobody-s dropped: no such request"),
        (_about("unknown") | {"regards.tenant": "nowhere"}, "no such request"),
        ({"regards.tenant": "default"}, "Missing **regards.request.id** header"),
        ({"regards.request.id": "r"}, "Missing **regards.tenant** header"),
        (_about("r") | {"regards.request.id": 7}, "regards.request.id must be a string, not int"),
    ],
    ids=["unknown request", "unknown tenant", "no id", "no tenant", "number as id"],
)
def test_it_keeps_an_answer_that_belongs_to_no_request(
    client: RabbitClient,
    worker: ForeignWorker,
    manager: ManagedProcess,
    headers: dict[str, object],
    reason: str,
) -> None:
    (request,) = _dispatched(client, worker, f"neighbour-{reason[-12:]}").values()
    with one_bulk(manager):
        _send(worker, headers)
        worker.answer_raw(request, _SUCCESS)
    client.await_states(request.headers["regards.request.id"], "GRANTED", "SUCCESS")
    letter = worker.await_message(ANSWER_DEAD_LETTERS)
    assert reason in letter.headers["x-exception-message"]


def test_it_drops_what_is_answered_after_the_end(client: RabbitClient, worker: ForeignWorker) -> None:
    (request,) = _dispatched(client, worker, "ended").values()
    worker.answer_raw(request, _SUCCESS)
    client.await_states("ended", "GRANTED", "SUCCESS")
    for body in (b'{"status":"RUNNING"}', b'{"status":"ERROR"}', _SUCCESS):
        worker.answer_raw(request, body)
    letters = [worker.await_message(ANSWER_DEAD_LETTERS) for _ in range(2)]
    # A sign of life that comes late is not worth a dead letter.
    assert {letter.headers["x-exception-message"] for letter in letters} == {
        "Answer ERROR of request ended dropped: no such request, or it has ended",
        "Answer SUCCESS of request ended dropped: no such request, or it has ended",
    }
    client.await_states("ended", "GRANTED", "SUCCESS")


def test_it_ends_a_request_once_when_it_is_answered_twice_in_one_bulk(
    client: RabbitClient, worker: ForeignWorker, manager: ManagedProcess
) -> None:
    (request,) = _dispatched(client, worker, "answered-twice").values()
    with one_bulk(manager):
        for body in (_SUCCESS, b'{"status":"RUNNING"}', b'{"status":"SUCCESS","content":""}'):
            worker.answer_raw(request, body)
    letter = worker.await_message(ANSWER_DEAD_LETTERS)
    assert "the request awaits no answer, it is SUCCESS" in letter.headers["x-exception-message"]
    assert client.await_states("answered-twice", "GRANTED", "SUCCESS")[-1].content == b"{}"


def test_it_drops_what_is_answered_after_an_error_that_is_kept(
    client: RabbitClient, worker: ForeignWorker
) -> None:
    (request,) = _dispatched(client, worker, "failed").values()
    worker.answer_raw(request, b'{"status":"ERROR","messages":["no"]}')
    client.await_states("failed", "GRANTED", "ERROR")
    worker.answer_raw(request, b'{"status":"RUNNING"}')
    worker.answer_raw(request, _SUCCESS)
    letter = worker.await_message(ANSWER_DEAD_LETTERS)
    assert "the request awaits no answer, it is ERROR" in letter.headers["x-exception-message"]
    client.await_states("failed", "GRANTED", "ERROR")


def test_it_drops_the_answer_of_an_older_attempt(client: RabbitClient, worker: ForeignWorker) -> None:
    (first,) = _dispatched(client, worker, "attempted").values()
    old = first.properties.message_id
    worker.answer_raw(first, b'{"status":"RETRY_LATER","retryAfter":0}', correlation_id=old)
    second = worker.take()
    current = second.properties.message_id
    assert current != old
    late = json.dumps({"status": "SUCCESS", "content": "b2xk"}).encode()
    worker.answer_raw(first, late, correlation_id=old)
    letter = worker.await_message(ANSWER_DEAD_LETTERS)
    expected = f"it answers dispatch {old}, the current one is {current}"
    assert expected in letter.headers["x-exception-message"]
    worker.answer_raw(second, _SUCCESS, correlation_id=current)
    success = client.await_states("attempted", "GRANTED", "GRANTED", "SUCCESS")[-1]
    assert success.content == b"{}"


def test_it_takes_an_answer_that_an_operator_moved_back_from_the_dead_letters(
    client: RabbitClient, worker: ForeignWorker
) -> None:
    (request,) = _dispatched(client, worker, "moved-back").values()
    headers = _about("moved-back") | {
        "x-death-queue": "regards.worker.manager.response",
        "x-exception-stacktrace": "psycopg2.OperationalError: disk full",
        "x-original-exchange": ANSWER_EXCHANGE,
    }
    _send(worker, dict(headers))
    assert client.await_states("moved-back", "GRANTED", "SUCCESS")[-1].content == b"{}"
    assert request.headers["regards.request.id"] == "moved-back"
