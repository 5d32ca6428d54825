"""Broker names that the platform and its workers share.

The names are those of REGARDS and are never changed: unmodified clients and workers use them.
"""

from typing import Final

#: Workers publish answers here (topic, key ``#``).
RESPONSE_EXCHANGE: Final = "regards.worker.manager.response"
#: Ours: our workers answer fenced dispatches here (fanout), to a queue of the same name without priorities.
FENCED_ANSWERS: Final = "regards.worker.manager.answer"
#: Ours: managers tell fleets here (fanout) which dispatches they await no longer (`contract.cancellation`).
CANCELLATIONS: Final = "regards.worker.manager.cancel"
#: Dead-letter key and queue of answers, of both kinds.
ANSWER_DEAD_LETTERS: Final = f"{RESPONSE_EXCHANGE}.DLQ"
#: Workers publish heartbeats here (topic, key ``#``).
HEARTBEAT_EXCHANGE: Final = "regards.worker.manager.heartbeat"
#: Fanout exchange, queue and dead-letter key of requests that no worker could handle.
REQUEST_DEAD_LETTERS: Final = "regards.worker.manager.request.dlq"
#: The platform-wide dead-letter exchange (topic).
DEAD_LETTER_EXCHANGE: Final = "regards.DLX"
#: Key of every message on a worker exchange.
WORKER_ROUTING_KEY: Final = "#"
#: ``x-max-priority`` of every queue of the reference.
MAX_PRIORITY: Final = 255
#: Bytes of the longest name that AMQP has.
LONGEST_NAME: Final = 255


def cancellations_queue(worker_id: str) -> str:
    """Return the name of the queue of cancellations of one worker process."""
    return f"{CANCELLATIONS}.{worker_id}"


def request_queue(worker_type: str) -> str:
    """Return the name of the exchange and queue of raw requests for a worker type."""
    return f"regards.worker.{worker_type.lower()}.request"


def is_request_queue(name: object) -> bool:
    """Return whether this is the name of the exchange and queue of raw requests of some worker type."""
    before, _, after = request_queue("*").partition("*")
    return isinstance(name, str) and name.startswith(before) and name.endswith(after)


#: What a worker type has to be, as far as its queues go.
QUEUE_RULE: Final = f"at most {LONGEST_NAME - len(request_queue(''))} bytes in UTF-8, in lower case"


def can_have_queues(worker_type: str) -> bool:
    """Return whether the name of the longer one of a worker type's queues is short enough."""
    return len(request_queue(worker_type).encode("utf-8", "surrogatepass")) <= LONGEST_NAME


def task_queue(worker_type: str) -> str:
    """Return the name of the queue of Celery task messages for a worker type."""
    return f"regards.worker.{worker_type.lower()}.task"


def task_name(worker_type: str) -> str:
    """Return the name of the Celery task that runs a worker type."""
    return f"regards.worker.{worker_type}"
