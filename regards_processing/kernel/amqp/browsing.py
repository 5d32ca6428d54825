"""Looking through a queue without emptying it; what is not removed stays, in its order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from regards_processing.kernel.amqp.envelope import Inbound


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that is looked at."""

    #: 1 for the next message of the queue.
    position: int
    message: Inbound
    #: How the broker knows it.
    mark: Any


class Browser(Protocol):
    """Looks through one queue over one connection; every method may raise `BrokerUnavailable`."""

    def letters(self) -> Iterator[Letter]:
        """Return the messages of the queue in order, at most as many as there were when it was asked."""

    def has(self, queue: str) -> bool:
        """Return whether there is a queue of this name."""

    def remove(self, letters: Sequence[Letter]) -> None:
        """Remove messages for good."""

    def close(self) -> None:
        """Give the connection back; what was not removed is where it was."""
