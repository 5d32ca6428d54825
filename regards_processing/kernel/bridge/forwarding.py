"""Consumers that pass messages on to another virtual host."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.answer_parts import answer_parts
from regards_processing.kernel.amqp.consumer import BatchConsumer, Refusal
from regards_processing.kernel.amqp.copies import LEFT_BY, LEFT_WITH_KEY, copied
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.errors import MessagesHeld, MessagesRefused
from regards_processing.kernel.amqp.publisher import MessagePublisher
from regards_processing.kernel.amqp.topology import QueueSpec, worker_topology
from regards_processing.kernel.bridge.hosts import TenantHost
from workers.contract import bodies, headers, names
from workers.contract.errors import MalformedMessage

#: Header of a dispatch on its way to a virtual host: the worker type; it is taken off there.
FOR_WORKER_TYPE: Final = "x-bridge-worker-type"
#: What is taken off at the end of the way.
_OF_THE_WAY: Final = frozenset({FOR_WORKER_TYPE, LEFT_BY, LEFT_WITH_KEY})
#: What our fleets tell managers that share their broker, and that does not hold across the bridge.
_OF_NEIGHBOURS: Final = ("protocol", "storedContents")


class Forwarder(BatchConsumer[Outbound]):
    """Passes on what ``decode`` returns; what cannot be passed on becomes a dead letter."""

    def __init__(self, *, queue: QueueSpec, publisher: MessagePublisher) -> None:
        """Say what is read, and what publishes on the other side."""
        self.queue = queue
        self._publisher = publisher

    @abstractmethod
    def decode(self, message: Inbound) -> Outbound:
        """Return the message for the other side.

        Raises:
            MalformedMessage: it must not get there.
        """

    def handle(self, items: Sequence[Outbound]) -> list[Refusal]:
        """Publish a bulk; it is acknowledged when the other side has it.

        What is for a worker type whose queues cannot be declared there becomes a dead letter, to be replayed
        once they can: it must not hold up what is for others.
        """
        kept: Mapping[int, str] = {}
        try:
            self._publisher.publish_all(items)
        except MessagesHeld as error:
            kept = {**error.refused, **error.held}
        except MessagesRefused as error:
            kept = error.refused
        return [
            Refusal(index=index, reason=reason, code="NOT_PASSED_ON")
            for index, reason in sorted(kept.items())
        ]


class Arrivals(Forwarder):
    """Passes on a queue of a tenant's virtual host to the exchange that the platform reads."""

    def __init__(
        self,
        *,
        queue: QueueSpec,
        exchange: str,
        host: TenantHost,
        publisher: MessagePublisher,
        routing_key: str = "",
    ) -> None:
        """Say which exchange of the platform the messages are for."""
        super().__init__(queue=queue, publisher=publisher)
        # Replayed into the platform's queue of the same name, it would get past the check after all.
        self.home_of_malformed = topology.refused_arrivals(host.name, queue)
        self._host = host
        self._exchange = exchange
        self._routing_key = routing_key

    def decode(self, message: Inbound) -> Outbound:
        """Refuse what names a tenant of another virtual host; managers refuse what names none."""
        tenant = message.headers.get(headers.TENANT)
        if isinstance(tenant, str) and tenant not in self._host.tenants:
            ours = ", ".join(sorted(self._host.tenants))
            raise MalformedMessage(
                f"{headers.TENANT} is {tenant!r}, but the virtual host {self._host.name} is that of {ours}"
            )
        return copied(
            message, exchange=self._exchange, routing_key=self._routing_key, headers=_carried(message)
        )


class AnswerArrivals(Arrivals):
    """Passes on answers of our own workers, each by itself: any of them may name another tenant."""

    def parts(self, message: Inbound) -> Sequence[Inbound]:
        """Return each answer of a bulk as if it had come by itself."""
        return answer_parts(message)


class HeartbeatArrivals(Forwarder):
    """Passes on heartbeats, and tells which worker types they are of."""

    def __init__(self, *, publisher: MessagePublisher, heard: Callable[[str], None]) -> None:
        """Say who is told the worker types."""
        super().__init__(queue=topology.bridged_heartbeats(), publisher=publisher)
        self._heard = heard

    def decode(self, message: Inbound) -> Outbound:
        """Have a fleet of ours look like any other worker: its task queue is not within reach.

        Managers refuse a worker type that can have no queues; there are none to be read for it either.
        """
        beat = bodies.load_object(message.body)
        worker_type = beat.get("type")
        if isinstance(worker_type, str) and names.can_have_queues(worker_type):
            self._heard(worker_type)
        told = {name: value for name, value in beat.items() if name not in _OF_NEIGHBOURS}
        copy = copied(
            message,
            exchange=names.HEARTBEAT_EXCHANGE,
            routing_key=names.WORKER_ROUTING_KEY,
            # Without a manager there is no queue for it, and the next one follows.
            must_route=False,
        )
        return replace(copy, body=bodies.dump_object(told))


class DispatchDepartures(Forwarder):
    """Passes on dispatches to a worker type that was heard of over the bridge, each towards its tenant."""

    def __init__(
        self,
        *,
        worker_type: str,
        host_of: Callable[[str], TenantHost | None],
        publisher: MessagePublisher,
    ) -> None:
        """Say how the virtual host of a tenant is found."""
        self.topology = worker_topology(worker_type)
        super().__init__(queue=self.topology.queues[0], publisher=publisher)
        self._worker_type = worker_type
        self._host_of = host_of

    def decode(self, message: Inbound) -> Outbound:
        """Send it to the queue of what leaves for the virtual host of its tenant."""
        tenant = message.headers.get(headers.TENANT)
        host = self._host_of(tenant) if isinstance(tenant, str) else None
        if host is None:
            raise MalformedMessage(f"There is no virtual host of tenant {tenant!r}")
        told = {**message.headers, FOR_WORKER_TYPE: self._worker_type}
        return copied(message, exchange="", routing_key=host.departures.name, headers=told)


class Departures(Forwarder):
    """Passes on what leaves for the virtual host of a tenant, to the exchange of the same name there."""

    def decode(self, message: Inbound) -> Outbound:
        """Have a dispatch reach the queue of its worker type; whoever reads the rest may not be there."""
        told = {name: value for name, value in message.headers.items() if name not in _OF_THE_WAY}
        worker_type = message.headers.get(FOR_WORKER_TYPE)
        if not isinstance(worker_type, str):
            exchange, key = _left_by(message)
            return copied(message, exchange=exchange, routing_key=key, headers=told, must_route=False)
        copy = copied(
            message,
            exchange=names.request_queue(worker_type),
            routing_key=names.WORKER_ROUTING_KEY,
            headers=told,
        )
        return replace(copy, worker_type=worker_type)


def _left_by(message: Inbound) -> tuple[str, str]:
    """Return the exchange by which a message left the platform, and the key."""
    told = (message.exchange, message.routing_key)
    if not message.exchange:
        told = (message.headers.get(LEFT_BY, ""), message.headers.get(LEFT_WITH_KEY, ""))
    exchange, key = map(str, told)
    if not exchange:
        raise MalformedMessage("It does not tell by which exchange it left")
    return exchange, key


def _carried(message: Inbound) -> Mapping[str, Any]:
    """Return the headers; what may have been passed on before is marked, as what is replayed by hand."""
    return {**message.headers, headers.REPLAYED: True} if message.redelivered else message.headers
