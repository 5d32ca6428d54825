"""Move the messages of a queue whose definition is not ours into one that is.

Note: the road of a relocation.
    RabbitMQ cannot change the definition of a queue. So the messages wait in a second queue while the first
    one is deleted and declared again:

    1. The waiting queue is declared and takes over the routes: what arrives from now on waits there.
    2. Everything in the old queue is published to the waiting queue, and acknowledged once the broker has it.
    3. The old queue is deleted, which the broker does only while it is empty and nobody uses it.
    4. The queue is declared as the contract says, and gets its routes back.
    5. The waiting queue is emptied into it in the same way, and deleted.

    Every step can be repeated, so a relocation that was interrupted is finished by starting it again. No
    message is lost whenever that happens; those on their way between two queues may come twice.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

from amqp.exceptions import PreconditionFailed

from regards_processing.kernel.amqp.connection import (
    BrokerAddress,
    applicable,
    bind,
    declare,
    limits_from_settings,
    open_channel_at,
    unbind,
)
from regards_processing.kernel.amqp.copies import put_back
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.errors import PublishNotConfirmed
from regards_processing.kernel.amqp.inspection import QueueFacts
from regards_processing.kernel.amqp.publisher import CONFIRM_TIMEOUT
from regards_processing.kernel.amqp.rabbitmq_inspection import RabbitInspector
from regards_processing.kernel.amqp.rabbitmq_sender import RabbitSender
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource
from regards_processing.kernel.amqp.topology import QueueSpec, Topology
from regards_processing.kernel.errors import DomainError
from workers.contract import headers as header

#: Seconds without a message after which a queue counts as read to its end.
_SILENCE: Final = 0.5
#: How often a queue is read to its end before somebody who keeps filling it is asked to stop.
_ROUNDS: Final = 20
#: Hears how many messages have just been moved.
OnMoved = Callable[[int], object]


class NothingToRelocate(DomainError):
    """The queue is as the contract says, or there is none, and no message waits beside it."""

    code = "NOTHING_TO_RELOCATE"


class QueueInUse(DomainError):
    """Somebody consumes the queue, or keeps filling it."""

    code = "QUEUE_IN_USE"


def waiting_queue(queue: str) -> QueueSpec:
    """Return the queue in which messages wait while theirs is declared again."""
    return QueueSpec(name=f"{queue}.moving", max_priority=None, dead_lettered_by_broker=False)


def definition_to_replace(*, queue: QueueSpec, address: BrokerAddress) -> QueueFacts | None:
    """Return how a queue is defined that has to be replaced; ``None`` when only the way back is left to go.

    Raises:
        NothingToRelocate: there is nothing to do.
        QueueInUse: a process has to be stopped first.
        BrokerUnavailable: the broker cannot be asked.
    """
    if address.embedded:
        raise NothingToRelocate("Queues of the embedded broker have no arguments that could differ")
    old = _look(address, queue)
    if old is None or not old.differences:
        if _look(address, waiting_queue(queue.name)) is None:
            raise NothingToRelocate(f"The queue {queue.name} is as it has to be, or does not exist")
        return None
    if old.consumers:
        raise QueueInUse(
            f"{old.consumers} consumers read the queue {queue.name}: stop managers, fleets and bridges, "
            "then try again"
        )
    return old


def relocate(*, topology: Topology, address: BrokerAddress, on_moved: OnMoved) -> None:
    """Give a queue the definition that the contract says, and keep its messages.

    Args:
        topology: the queue, its routes and their exchanges.
        on_moved: hears of each bulk that has reached the queue again.

    Raises:
        NothingToRelocate: there is nothing to do.
        QueueInUse: a process has to be stopped first.
        BrokerUnavailable: the connection was lost; call again to go on.
    """
    (queue,) = topology.queues
    waiting = waiting_queue(queue.name)
    old = definition_to_replace(queue=queue, address=address)
    with open_channel_at(address) as channel:
        if old is not None:
            _clear(address, channel, topology, old, waiting)
        declare(channel, topology)
        _route(channel, topology, to=queue, away_from=waiting)
        empty(address, channel, waiting, into=queue, on_moved=on_moved)


def _look(address: BrokerAddress, queue: QueueSpec) -> QueueFacts | None:
    inspector = RabbitInspector(address=address)
    try:
        return inspector.queue(queue)
    finally:
        inspector.close()


def _clear(
    address: BrokerAddress, channel: Any, topology: Topology, old: QueueFacts, waiting: QueueSpec
) -> None:
    """Let all messages wait elsewhere, and delete the queue."""
    (queue,) = topology.queues
    declare(channel, Topology(exchanges=topology.exchanges, queues=(waiting,)))
    _route(channel, topology, to=waiting, away_from=queue)
    is_classic = not any(difference.argument == "x-queue-type" for difference in old.differences)
    empty(address, channel, queue, into=waiting, on_moved=lambda _count: None, is_classic=is_classic)


def _route(channel: Any, topology: Topology, *, to: QueueSpec, away_from: QueueSpec) -> None:
    """Let a queue get what another one got; both get what comes in between, so that nothing is lost."""
    routes = applicable(channel, topology.bindings)
    for route in routes:
        bind(channel, replace(route, queue=to.name))
    for route in routes:
        unbind(channel, replace(route, queue=away_from.name))


def empty(
    address: BrokerAddress,
    channel: Any,
    queue: QueueSpec,
    *,
    into: QueueSpec,
    on_moved: OnMoved,
    is_classic: bool = True,
) -> None:
    """Move every message of a queue into another one, and delete it.

    Raises:
        QueueInUse: somebody consumes it, or keeps filling it.
    """
    for _ in range(_ROUNDS):
        _pour(address, queue, into=into, on_moved=on_moved)
        if _deleted(channel, queue, is_classic=is_classic):
            return
    raise QueueInUse(
        f"Messages keep arriving in the queue {queue.name}: stop who publishes them, then try again"
    )


def _pour(address: BrokerAddress, queue: QueueSpec, *, into: QueueSpec, on_moved: OnMoved) -> None:
    with (
        closing(RabbitSender(address=address, app_id="", confirm_timeout=CONFIRM_TIMEOUT)) as sender,
        closing(
            RabbitSource(address=address, queues=[queue], topology=Topology(), limits=limits_from_settings())
        ) as source,
    ):
        source.read(_SILENCE)
        while messages := source.take(queue):
            _send(sender, messages, into)
            source.acknowledge(queue)
            on_moved(len(messages))
            source.read(_SILENCE)


def _send(sender: RabbitSender, messages: Sequence[Inbound], queue: QueueSpec) -> None:
    """Publish copies; return when the broker has them all.

    They say that they may come twice: the broker's own mark ends with the queue.
    """
    mark = {header.REPLAYED: True}
    copies = (
        put_back(
            each,
            queue=queue.name,
            headers={**each.headers, **mark},
            exchange=each.exchange,
            routing_key=each.routing_key,
        )
        for each in messages
    )
    bulk = dict(enumerate(copies))
    refused: dict[int, str] = {}
    sender.begin(bulk, refused)
    sender.finish()
    if bulk or refused:
        why = next(iter(refused.values()), "the broker did not take them")
        raise PublishNotConfirmed(f"{len(bulk) + len(refused)} messages stay where they are: {why}")


def _deleted(channel: Any, queue: QueueSpec, *, is_classic: bool) -> bool:
    """Delete a queue that is empty and unused; tell whether it was empty."""
    if not is_classic:
        # Such queues are deleted without the two conditions, or not at all.
        counted = channel.queue_declare(queue.name, passive=True)
        if counted.message_count:
            return False
    try:
        channel.queue_delete(queue.name, if_unused=is_classic, if_empty=is_classic)
    except PreconditionFailed as error:
        if "in use" in (error.reply_text or ""):
            raise QueueInUse(
                f"Somebody has begun to read the queue {queue.name}: stop it, then try again"
            ) from error
        return False
    return True
