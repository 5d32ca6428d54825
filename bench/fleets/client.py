"""Sends the tasks of each contestant and counts what comes out."""

import json
import time
import uuid
from contextlib import suppress
from typing import Any, Final, Self

import amqp

from bench.broker import connected
from bench.chain import names as chain
from workers.contract import answer_bulk, names
from workers.contract.work_request import WorkRequest

_BODY: Final = b'{"scene":"S2A_20250101","size":123456}'
_NO_LINKS: Final = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_ANSWERS: Final = "bench.fleets.answers"
#: Seconds without any answer after which something is wrong.
_PATIENCE: Final = 60.0


class NothingComes(Exception):
    """Tasks were sent, and no more answers come."""


class TaskClient:
    """One connection: it publishes, then only counts."""

    def __init__(self, url: str) -> None:
        self._connection = connected(url)
        self._channel: Any = self._connection.channel()
        self._counted = self._sent = 0
        for queue, exchange in ((_ANSWERS, names.FENCED_ANSWERS), (chain.done_queue("none"), "")):
            self._channel.queue_declare(queue=queue, durable=True, auto_delete=False)
            if exchange:
                self._channel.exchange_declare(
                    exchange=exchange, type="fanout", durable=True, auto_delete=False
                )
                self._channel.queue_bind(queue=queue, exchange=exchange)
            self._channel.basic_consume(queue=queue, callback=self._count, no_ack=True)

    def run_managed(self, worker_type: str, *, count: int) -> None:
        """Have a fleet of ours do so many requests, as our manager dispatches them."""
        wanted = self._counted + count
        for _ in range(count):
            self._sent += 1
            identity = f"{self._sent}:1:1"
            argument = WorkRequest(tenant="default", request_id=identity, content=_BODY, headers={})
            kwargs = {"dispatch_id": identity}
            self._publish(
                json.dumps([[argument.to_task_argument()], kwargs, _NO_LINKS]),
                task=names.task_name(worker_type),
                identity=identity,
                queue=names.task_queue(worker_type),
            )
        self._await(wanted)

    def run_plain(self, *, count: int) -> None:
        """Have a bare Celery worker do as many tasks, each of which sends one message when it is done."""
        argument = WorkRequest(tenant="default", request_id="plain", content=_BODY, headers={})
        body = json.dumps([[argument.to_task_argument()], {}, _NO_LINKS])
        task, wanted = chain.STEPS[-1], self._counted + count
        for _ in range(count):
            self._publish(body, task=task, identity=str(uuid.uuid4()), queue=chain.queue(task, "none"))
        self._await(wanted)

    def _publish(self, body: str, *, task: str, identity: str, queue: str) -> None:
        headers = {"lang": "py", "task": task, "id": identity, "root_id": identity}
        message = amqp.Message(
            body,
            application_headers=headers,
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=identity,
            delivery_mode=2,
        )
        self._channel.basic_publish(message, exchange="", routing_key=queue)

    def _await(self, wanted: int) -> None:
        # To publish is to read as well: some answers have been counted by now.
        heard_at = time.monotonic()
        while self._counted < wanted:
            before = self._counted
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=1.0)
            if self._counted > before:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > _PATIENCE:
                raise NothingComes(f"{wanted - self._counted} answers are missing")

    def _count(self, message: Any) -> None:
        if message.properties.get("content_type") == answer_bulk.CONTENT_TYPE:
            body = message.body if isinstance(message.body, bytes) else message.body.encode()
            # Two lines for each answer.
            self._counted += (body.count(b"\n") + 1) // 2
        else:
            self._counted += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.collect()
