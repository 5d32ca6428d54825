"""The first message of a bare chain: written by Celery once, then copied with other ids.

``apply_async`` costs a client more than some tasks cost a worker; so that the client is not what is measured,
it publishes chains as cheaply as it publishes requests.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from celery import Celery, chain
from kombu import Message

from bench.chain.names import STEPS, queue

#: Stand-ins of the ids of the three tasks.
_IDS: Final = tuple(str(uuid.UUID(int=number)) for number in range(1, len(STEPS) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainMessage:
    """What is published to start one chain."""

    root_id: str
    routing_key: str
    headers: Mapping[str, object]
    body: str


class ChainTemplate:
    """Makes the messages of chains that all carry the same argument."""

    def __init__(self, *, argument: Mapping[str, object], results: str) -> None:
        message = _written_by_celery(argument, results)
        self._routing_key = queue(STEPS[0], results)
        self._headers = json.dumps(message.headers)
        self._body = json.dumps(message.payload)

    def message(self) -> ChainMessage:
        """Return a message with ids of its own."""
        headers, body, first = self._headers, self._body, ""
        for stand_in in _IDS:
            fresh = str(uuid.uuid4())
            first = first or fresh
            headers, body = headers.replace(stand_in, fresh), body.replace(stand_in, fresh)
        return ChainMessage(
            root_id=first, routing_key=self._routing_key, headers=json.loads(headers), body=body
        )


def _written_by_celery(argument: Mapping[str, object], results: str) -> Message:
    """Let Celery publish one chain to a broker in memory, and take it from there."""
    app = Celery("bench-chain-client", broker="memory://", set_as_current=False)
    app.conf.task_routes = {step: {"queue": queue(step, results)} for step in STEPS}
    first, *others = STEPS
    links = [app.signature(first, args=(dict(argument),)), *(app.signature(step) for step in others)]
    for link, task_id in zip(links, _IDS, strict=True):
        link.options.update(task_id=task_id, ignore_result=results != "stored")
    with app.connection_for_write() as connection:
        with app.amqp.Producer(connection, auto_declare=False) as producer:
            chain(*links, app=app).apply_async(producer=producer)
        message: Message = connection.SimpleQueue(queue(STEPS[0], results)).get(timeout=5)
        return message
