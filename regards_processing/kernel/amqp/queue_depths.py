"""How much waits in queues."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound, ResourceLocked

from regards_processing.kernel.amqp.connection import BrokerAddress, broker_errors, open_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """What waits in one queue."""

    queue: str
    #: Messages that wait; those that a consumer holds unacknowledged are not among them.
    messages: int
    #: ``None`` on the embedded broker, which does not know its consumers.
    consumers: int | None


def queue_depths(*, address: BrokerAddress, queues: Iterable[str], timeout: float) -> list[QueueDepth]:
    """Ask for the depth of queues, over a connection of its own; queues that do not exist are left out.

    Args:
        timeout: seconds that each answer of the broker may take.

    Raises:
        BrokerUnavailable: the broker is away, or took too long.
    """
    connection = open_connection(address=address)
    with broker_errors(address):
        try:
            if not address.embedded:
                driver: Any = connection.connection
                driver.transport.sock.settimeout(timeout)
            return list(_depths(connection.channel(), queues, counts_consumers=not address.embedded))
        finally:
            connection.release()


def _depths(channel: Any, queues: Iterable[str], *, counts_consumers: bool) -> Iterator[QueueDepth]:
    for queue in queues:
        try:
            found = channel.queue_declare(queue=queue, passive=True)
        except (NotFound, ResourceLocked):
            # Or somebody has it for itself. The driver has opened the channel again.
            continue
        yield QueueDepth(
            queue=queue,
            messages=found.message_count,
            consumers=found.consumer_count if counts_consumers else None,
        )
