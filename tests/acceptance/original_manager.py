"""The rs-worker-manager of REGARDS as a worker sees it, on pika: it neither fences nor counts attempts.

Everything is written out from the contract: what it declares, what it sends, and how strictly it reads.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.acceptance.amqp_client import (
    ANSWER_DEAD_LETTERS,
    ANSWER_EXCHANGE,
    DEAD_LETTER_EXCHANGE,
    DEAD_LETTERS,
    HEARTBEAT_EXCHANGE,
    REQUEST_DEAD_LETTERS,
    Peer,
    Received,
)
from tests.acceptance.participant import NotHeard

_HEARTBEATS = f"{HEARTBEAT_EXCHANGE}.instance"
_PRIORITIES = {"x-max-priority": 255}
_STATUSES = frozenset({"RUNNING", "INVALID_CONTENT", "SUCCESS", "ERROR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the manager reads in an answer; anything else in it is ignored."""

    tenant: str
    request_id: str
    status: str
    messages: list[str]
    additional_headers: Mapping[str, str]
    content: bytes | None


class OriginalManager(Peer):
    """Declares its queues before any worker does, dispatches, and hears what comes back."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.alive: dict[str, set[str]] = {}
        self._answers: list[Answer] = []
        self._declare()

    def declare_type(self, worker_type: str) -> None:
        """Declare exchange and queue of a worker type, as at the first dispatch to it."""
        name = _queue(worker_type)
        self.channel.exchange_declare(name, "topic", durable=True)
        self._queue(name, DEAD_LETTER_EXCHANGE, REQUEST_DEAD_LETTERS)
        self.channel.queue_bind(name, name, "#")

    def dispatch(
        self, worker_type: str, request_id: str, body: bytes, *, content_type: str, **step: object
    ) -> None:
        """Send a request: five headers, then those of the step before, whatever they are called."""
        headers = {
            "regards.tenant": "default",
            "regards.request.id": request_id,
            "regards.request.owner": "acme",
            "regards.request.session": "2025-06",
            "regards.request.content_type": content_type,
        }
        self.publish(
            exchange=_queue(worker_type),
            key="#",
            headers=headers | step,
            body=body,
            priority=0,
            app_id="REGARDS",
            timestamp=int(time.time()),
        )

    def await_alive(self, worker_type: str, *, instances: int = 1, timeout: float = 30.0) -> None:
        """Wait until so many instances of a type have been heard."""
        self._until(
            lambda: len(self.alive.get(worker_type, ())) >= instances, timeout, f"{worker_type} alive"
        )

    def await_answer(self, request_id: str, *, timeout: float = 20.0) -> Answer:
        """Wait for the answer that ends a request."""
        self._until(lambda: bool(self._finals(request_id)), timeout, f"an answer to {request_id}")
        (final,) = self._finals(request_id)
        return final

    def statuses(self, request_id: str) -> list[str]:
        """Return what was answered so far, in order."""
        self._hear()
        return [answer.status for answer in self._answers if answer.request_id == request_id]

    def await_status(self, request_id: str, status: str, *, timeout: float = 20.0) -> None:
        """Wait until this was answered."""
        self._until(lambda: status in self.statuses(request_id), timeout, f"{status} of {request_id}")

    def await_failed(self, request_id: str, *, timeout: float = 20.0) -> Received:
        """Wait for the dead letter of a request."""
        return self.await_dead_letter(
            REQUEST_DEAD_LETTERS,
            about=lambda one: one.headers["regards.request.id"] == request_id,
            timeout=timeout,
        )

    def _finals(self, request_id: str) -> list[Answer]:
        mine = [answer for answer in self._answers if answer.request_id == request_id]
        return [answer for answer in mine if answer.status != "RUNNING"]

    def _until(self, heard: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not heard():
            if time.monotonic() > deadline:
                raise NotHeard(f"after {timeout:g} s not {what}: {self._answers}, {self.alive}")
            time.sleep(0.02)
            self._hear()

    def _hear(self) -> None:
        for beat in self.drain(_HEARTBEATS):
            worker_type, worker_id = _beat(beat)
            self.alive.setdefault(worker_type, set()).add(worker_id)
        self._answers += [_answer(received) for received in self.drain(ANSWER_EXCHANGE)]

    def _declare(self) -> None:
        channel = self.channel
        for exchange in (DEAD_LETTER_EXCHANGE, HEARTBEAT_EXCHANGE, ANSWER_EXCHANGE):
            channel.exchange_declare(exchange, "topic", durable=True)
        channel.exchange_declare(REQUEST_DEAD_LETTERS, "fanout", durable=True)
        for queue, key in ((DEAD_LETTERS, DEAD_LETTERS), (ANSWER_DEAD_LETTERS, ANSWER_DEAD_LETTERS)):
            channel.queue_declare(queue, durable=True, arguments=_PRIORITIES)
            channel.queue_bind(queue, DEAD_LETTER_EXCHANGE, key)
        self._queue(_HEARTBEATS, DEAD_LETTER_EXCHANGE, DEAD_LETTERS, auto_delete=True)
        channel.queue_bind(_HEARTBEATS, HEARTBEAT_EXCHANGE, "#")
        self._queue(ANSWER_EXCHANGE, DEAD_LETTER_EXCHANGE, ANSWER_DEAD_LETTERS)
        channel.queue_bind(ANSWER_EXCHANGE, ANSWER_EXCHANGE, "#")
        # Not to the dead-letter exchange: it relies on a worker to do that.
        channel.queue_declare(REQUEST_DEAD_LETTERS, durable=True, arguments=_PRIORITIES)
        channel.queue_bind(REQUEST_DEAD_LETTERS, REQUEST_DEAD_LETTERS, "")

    def _queue(self, name: str, exchange: str, key: str, *, auto_delete: bool = False) -> None:
        dead = {"x-dead-letter-exchange": exchange, "x-dead-letter-routing-key": key}
        self.channel.queue_declare(name, durable=True, auto_delete=auto_delete, arguments=_PRIORITIES | dead)


def _queue(worker_type: str) -> str:
    return f"regards.worker.{worker_type.lower()}.request"


def _beat(received: Received) -> tuple[str, str]:
    body = json.loads(received.body)
    beaten_at = datetime.fromisoformat(body["heartBeatDate"])
    assert abs((datetime.now(UTC) - beaten_at).total_seconds()) < 60
    assert received.headers["regards.tenant"] == "default"
    return body["type"], body["id"]


def _answer(received: Received) -> Answer:
    """Read an answer; what the original would refuse fails the test."""
    body = json.loads(received.body)
    assert body["status"] in _STATUSES
    messages, headers = body.get("messages", []), body.get("additionalHeaders", {})
    assert all(isinstance(text, str) for text in [*messages, *headers.values()])
    content = body.get("content")
    return Answer(
        tenant=received.headers["regards.tenant"],
        request_id=received.headers["regards.request.id"],
        status=body["status"],
        messages=messages,
        additional_headers=headers,
        content=None if content is None else base64.b64decode(content, validate=True),
    )
