"""The manager's side of the contract, played over kombu."""

import json
from typing import Any, Self

from kombu import Exchange, Queue

from tests.integration.workers.fleet import Broker, wait_for
from workers.contract import answer_bulk, names
from workers.contract.cancellation import Cancellation
from workers.contract.wire import Wire
from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import topology

_NO_LINKS = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


class Manager:
    """Dispatches requests, collects answers, heartbeats and dead letters."""

    def __init__(self, *, broker: Broker) -> None:
        self._connection = broker.connect()
        self._channel: Any = self._connection.channel()
        self._answers: list[WorkAnswer] = []
        self._answer_queue = self._queue("test.answers", topology.ANSWERS)
        for exchange in (topology.FENCED_ANSWERS, topology.CANCELLATIONS):
            exchange(self._channel).declare()
        self._answer_queue.bind_to(topology.FENCED_ANSWERS, "#")
        self._heartbeat_queue = self._queue("test.heartbeats", topology.HEARTBEATS)
        self._failed_queue = topology.failed_requests_queue()(self._channel)
        self._failed_queue.declare()

    def declare_type(self, worker_type: str) -> None:
        """Declare the queues of a type before any worker does."""
        topology.declare(channel=self._channel, types=[worker_type])

    def dispatch_raw(self, worker_type: str, request: WorkRequest, **headers: object) -> None:
        """Publish the raw message of the contract."""
        message = self._channel.prepare_message(
            request.content,
            content_type="application/json",
            headers={**request.wire_headers(), **headers},
            properties={"message_id": request.dispatch_id, "delivery_mode": 2},
        )
        self._channel.basic_publish(
            message, exchange=names.request_queue(worker_type), routing_key=names.WORKER_ROUTING_KEY
        )

    def dispatch_task(self, worker_type: str, request: WorkRequest) -> None:
        """Publish the Celery form."""
        kwargs = {"dispatch_id": request.dispatch_id}
        self.publish_task(worker_type, json.dumps([[request.to_task_argument()], kwargs, _NO_LINKS]), request)

    def publish_task(self, worker_type: str, body: str, request: WorkRequest) -> None:
        """Publish any body with the headers of a Celery task."""
        task = {"lang": "py", "task": names.task_name(worker_type), "id": request.dispatch_id}
        message = self._channel.prepare_message(
            body,
            content_type="application/json",
            content_encoding="utf-8",
            headers={**request.own_headers(), **task, "argsrepr": "", "kwargsrepr": ""},
            properties={"correlation_id": request.dispatch_id, "delivery_mode": 2},
        )
        self._channel.basic_publish(message, exchange="", routing_key=names.task_queue(worker_type))

    def cancel(self, *dispatch_ids: str | None) -> None:
        """Tell fleets that these dispatches are awaited no longer."""
        self.publish_cancellation(
            Cancellation(dispatch_ids=tuple(str(one) for one in dispatch_ids)).to_wire().body
        )

    def publish_cancellation(self, body: bytes) -> None:
        """Publish any body to those who hear cancellations."""
        message = self._channel.prepare_message(body, content_type="application/json", headers={})
        self._channel.basic_publish(message, exchange=names.CANCELLATIONS, routing_key="")

    def deliver_once_without_answer(self, queue: str) -> None:
        """Take a message and put it back, so that the broker delivers it again."""
        message = wait_for(lambda: self._channel.basic_get(queue, no_ack=False))
        self._channel.basic_reject(message.delivery_tag, requeue=True)

    def final_answer(self, request_id: str) -> WorkAnswer:
        """Wait for the answer that ends an attempt."""

        def found() -> WorkAnswer | None:
            final = (one for one in self.answers(request_id) if one.status is not AnswerStatus.RUNNING)
            return next(final, None)

        return wait_for(found)

    def answers(self, request_id: str) -> list[WorkAnswer]:
        """Return what has come so far for a request."""
        while (message := self._answer_queue.get(no_ack=True)) is not None:
            whole = Wire(
                headers=dict(message.headers),
                body=_bytes(message.body),
                correlation_id=message.properties.get("correlation_id"),
            )
            self._answers += [
                WorkAnswer.from_wire(headers=one.headers, body=one.body, correlation_id=one.correlation_id)
                for one in answer_bulk.parts(whole, content_type=message.content_type)
            ]
        return [answer for answer in self._answers if answer.request_id == request_id]

    def heartbeat(self) -> Any:
        """Wait for a heartbeat message."""
        return wait_for(lambda: self._heartbeat_queue.get(no_ack=True))

    def dead_letter(self) -> Any:
        """Wait for a request that no worker could handle."""
        return wait_for(lambda: self._failed_queue.get(no_ack=True))

    def waiting(self, queue: str) -> int:
        """Count the messages that wait in a queue."""
        return int(self._channel.queue_declare(queue, passive=True).message_count)

    def _queue(self, name: str, exchange: Exchange) -> Queue:
        queue = Queue(name, exchange, routing_key="#", durable=True)(self._channel)
        queue.declare()
        return queue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()


def a_request(request_id: str, *, content: bytes = b"{}", **fields: Any) -> WorkRequest:
    """Build a request; its dispatch id is unique enough for one broker."""
    defaults: dict[str, Any] = {
        "tenant": "default",
        "owner": "acme",
        "session": "today",
        "content_type": "echo-it",
        "headers": {},
        "dispatch_id": f"{sum(request_id.encode())}:1:1",
    }
    return WorkRequest(request_id=request_id, content=content, **(defaults | fields))


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)
