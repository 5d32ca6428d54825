"""What a broker must be able to do; one implementation per kind of broker."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.topology import QueueSpec, Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Why messages of a bulk did not get through."""

    #: Positions of messages that no queue takes.
    unroutable: frozenset[int] = frozenset()
    #: Positions of messages that the broker gave back: a queue is full, or has failed.
    given_back: frozenset[int] = frozenset()
    #: An exchange that does not exist; whatever was not confirmed by then is still to be sent.
    missing_exchange: str | None = None
    #: The same of an exchange to which we may not publish, with the broker's words.
    forbidden_exchange: tuple[str, str] | None = None


class Sender(Protocol):
    """Publishes bulks over one connection."""

    def declare(self, topology: Topology) -> None:
        """Declare what is missing.

        Raises:
            BrokerUnavailable: the connection was lost.
            PublishersBlocked: the broker takes nothing now; the connection is to be kept.
            TopologyConflict: something exists with another definition.
        """

    def begin(self, bulk: MutableMapping[int, Outbound], refused: MutableMapping[int, str]) -> None:
        """Write a bulk; the broker's word is read by `finish`.

        From now on what the broker turns out to have is removed from ``bulk``, and what can never be sent is
        moved to ``refused``, with the reason by position.

        Raises:
            BrokerUnavailable: the connection was lost; ``bulk`` holds what was not confirmed.
            PublishersBlocked: the broker takes nothing now; the connection is to be kept.
        """

    def finished(self) -> bool:
        """Return whether `finish` would not have to wait.

        Raises:
            BrokerUnavailable: the connection was lost; ``bulk`` holds what was not confirmed.
        """

    def finish(self) -> Shortfall:
        """Wait until the broker has the bulk that was begun; return why messages remain in it.

        Raises:
            BrokerUnavailable: the connection was lost; ``bulk`` holds what was not confirmed.
            PublishersBlocked: the broker takes nothing now; the connection is to be kept.
        """

    def close(self) -> None:
        """Give the connection back."""


class Source(Protocol):
    """Reads queues over one connection."""

    def read(self, timeout: float, *, linger: float = 0.0) -> None:
        """Read what has arrived, until nothing more is there or a bulk is full.

        Args:
            timeout: seconds to wait for the first message.
            linger: seconds to wait for more, once there is one.

        Raises:
            BrokerUnavailable: the connection was lost.
        """

    def take(self, queue: QueueSpec) -> Sequence[Inbound]:
        """Return the oldest messages that were read from a queue: one bulk at most, maybe none."""

    def waiting(self, queue: QueueSpec) -> int:
        """Return how many messages of a queue could be taken; none when it is not read."""

    def follow(self, queues: Mapping[QueueSpec, Topology]) -> None:
        """Read these queues beside those that it was opened with, and no others any more.

        Each is declared by its topology first. One that exists with another definition, or whose exchange is
        missing, is not read, nor are its neighbours disturbed: the log says so.

        Raises:
            BrokerUnavailable: the connection was lost.
        """

    def acknowledge(self, queue: QueueSpec) -> None:
        """Acknowledge everything that was taken from a queue.

        Raises:
            BrokerUnavailable: the connection was lost.
        """

    def tick(self) -> None:
        """Tell the broker that we are alive; call it about every second.

        Raises:
            BrokerUnavailable: the broker did not do the same for too long.
        """

    def close(self) -> None:
        """Give the connection back; the broker delivers again what was not acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkLimits:
    """When a bulk is full."""

    messages: int = 1000
    body_bytes: int = 32 * 1024**2
