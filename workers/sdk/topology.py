"""The exchanges and queues that a worker declares, with the exact arguments of the contract."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from kombu import Exchange, Queue, binding

from workers.contract import names

ANSWERS: Final = Exchange(names.RESPONSE_EXCHANGE, type="topic", durable=True)
HEARTBEATS: Final = Exchange(names.HEARTBEAT_EXCHANGE, type="topic", durable=True)
FENCED_ANSWERS: Final = Exchange(names.FENCED_ANSWERS, type="fanout", durable=True)
FAILED_REQUESTS: Final = Exchange(names.REQUEST_DEAD_LETTERS, type="fanout", durable=True)
CANCELLATIONS: Final = Exchange(names.CANCELLATIONS, type="fanout", durable=True)
DEAD_LETTERS: Final = Exchange(names.DEAD_LETTER_EXCHANGE, type="topic", durable=True)
_ANY_TASK: Final = names.task_name("")


def request_queue(worker_type: str) -> Queue:
    """Return the queue of raw requests of a worker type, bound to the exchange of the same name."""
    name = names.request_queue(worker_type)
    return Queue(
        name,
        Exchange(name, type="topic", durable=True),
        routing_key=names.WORKER_ROUTING_KEY,
        durable=True,
        queue_arguments={"x-max-priority": names.MAX_PRIORITY, **_dead_letters(names.REQUEST_DEAD_LETTERS)},
    )


@lru_cache(maxsize=1024)
def task_queue(worker_type: str) -> Queue:
    """Return the queue of Celery task messages of a worker type; it is reached by its name alone."""
    name = names.task_queue(worker_type)
    return Queue(
        name,
        Exchange(""),
        routing_key=name,
        durable=True,
        queue_arguments=_dead_letters(names.REQUEST_DEAD_LETTERS),
    )


def failed_requests_queue() -> Queue:
    """Return the manager's queue of requests that no worker could handle, with both its bindings."""
    return Queue(
        names.REQUEST_DEAD_LETTERS,
        durable=True,
        queue_arguments={"x-max-priority": names.MAX_PRIORITY},
        bindings=[
            binding(FAILED_REQUESTS, routing_key=""),
            binding(DEAD_LETTERS, routing_key=names.REQUEST_DEAD_LETTERS),
        ],
    )


def fenced_answers_queue() -> Queue:
    """Return the queue of answers to fenced dispatches: none is lost before the first manager starts."""
    return Queue(
        names.FENCED_ANSWERS,
        FENCED_ANSWERS,
        durable=True,
        queue_arguments=_dead_letters(names.ANSWER_DEAD_LETTERS),
    )


def cancellations_queue(worker_id: str) -> Queue:
    """Return the queue of cancellations of one worker process; it goes with the process."""
    return Queue(
        names.cancellations_queue(worker_id), CANCELLATIONS, durable=False, exclusive=True, auto_delete=True
    )


def declare(*, channel: Any, types: Iterable[str]) -> None:
    """Declare everything that workers of these types use; what exists with other arguments is an error."""
    for exchange in (ANSWERS, HEARTBEATS):
        exchange(channel).declare()
    failed_requests_queue()(channel).declare()
    fenced_answers_queue()(channel).declare()
    for worker_type in types:
        request_queue(worker_type)(channel).declare()
        task_queue(worker_type)(channel).declare()


def route_task(name: str, *_args: object, **_options: object) -> dict[str, Queue] | None:
    """Route a Celery task by its name: tasks of worker types go to the queue of their type."""
    if not name.startswith(_ANY_TASK):
        return None
    return {"queue": task_queue(name.removeprefix(_ANY_TASK))}


def _dead_letters(key: str) -> dict[str, str | int]:
    return {"x-dead-letter-exchange": names.DEAD_LETTER_EXCHANGE, "x-dead-letter-routing-key": key}
