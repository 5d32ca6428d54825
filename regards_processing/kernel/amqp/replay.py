"""The way back of a dead letter."""

from typing import Any, Final, TypeGuard

from regards_processing.kernel.amqp.copies import put_back
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.topology import DEAD_LETTERS
from workers.contract import headers as header

#: RabbitMQ's own account of a death: the latest one first.
X_DEATH: Final = "x-death"
_SUFFIX: Final = ".DLQ"
#: Bytes of a queue's name, in AMQP.
_LONGEST_NAME: Final = 255
#: What describes a death, ours and RabbitMQ's, and what counts the attempts before it: the next death is told
#: and counted anew.
_OF_A_DEATH: Final = frozenset(
    {
        header.STACKTRACE,
        header.EXCEPTION_MESSAGE,
        header.ORIGINAL_EXCHANGE,
        header.ORIGINAL_ROUTING_KEY,
        header.DEATH_QUEUE,
        X_DEATH,
        *(
            f"x-{which}-death-{fact}"
            for which in ("first", "last")
            for fact in ("exchange", "queue", "reason")
        ),
        "x-retries",
        "x-delay",
    }
)


def last_death(message: Inbound) -> dict[str, Any]:
    """Return RabbitMQ's account of the latest death; empty when the broker had no part in it."""
    deaths = message.headers.get(X_DEATH)
    first = deaths[0] if isinstance(deaths, list) and deaths else None
    return dict(first) if isinstance(first, dict) else {}


def origin(message: Inbound) -> str | None:
    """Return the name of the queue in which a dead letter died; ``None`` when nothing tells."""
    told = (
        message.headers.get(header.DEATH_QUEUE),
        last_death(message).get("queue"),
        _by_name(message.queue),
    )
    return next((name for name in told if _is_name(name) and name != message.queue), None)


def revived(message: Inbound, *, queue: str) -> Outbound:
    """Return the copy of a dead letter for a queue, without what describes its death.

    It says that it is a replay: when one was interrupted, the same message may come twice.
    """
    headers = {name: value for name, value in message.headers.items() if name not in _OF_A_DEATH}
    came_by, key = (
        message.headers.get(header.ORIGINAL_EXCHANGE),
        message.headers.get(header.ORIGINAL_ROUTING_KEY),
    )
    return put_back(
        message,
        queue=queue,
        headers=headers | {header.REPLAYED: True},
        exchange=came_by if isinstance(came_by, str) else "",
        routing_key=key if isinstance(key, str) else "",
    )


def _by_name(queue: str) -> str | None:
    """Return the queue that a dedicated dead-letter queue belongs to; the global one belongs to none."""
    return None if queue == DEAD_LETTERS else queue.removesuffix(_SUFFIX)


def _is_name(told: object) -> TypeGuard[str]:
    """Tell whether a queue may be called so; headers hold whatever somebody wrote."""
    return isinstance(told, str) and bool(told) and told.isprintable() and len(told.encode()) <= _LONGEST_NAME
