"""What a broker has, compared with what we would declare; looking changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.topology import BindingSpec, ExchangeSpec, QueueSpec

#: A definition lacks this argument.
ABSENT: Final = "absent"
#: The broker does not tell the value.
UNKNOWN: Final = "unknown"


class PermissionRefused(BrokerUnavailable):
    """The user may not declare, write or read what the platform needs."""

    code = "PERMISSION_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One point in which a definition differs from ours, as text."""

    argument: str
    #: Our value, or ``absent``.
    ours: str
    #: The broker's value, ``absent``, or ``unknown``.
    theirs: str

    def __str__(self) -> str:
        if self.theirs == UNKNOWN:
            return f"{self.argument} is not {self.ours} as ours; the broker tells no more, there may be more"
        return f"{self.argument} is {self.theirs}, ours is {self.ours}"

    def as_dict(self) -> dict[str, str]:
        """Return the three texts by name."""
        return {"argument": self.argument, "ours": self.ours, "theirs": self.theirs}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """What is known of a queue."""

    #: Messages that nobody has taken.
    messages: int
    #: ``None`` when the broker does not tell.
    consumers: int | None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedQueue:
    """A queue as a list of all of them has it."""

    name: str
    #: Flags and arguments of the declaration.
    definition: Mapping[str, Any]
    #: Messages that nobody has taken.
    messages: int
    #: ``None`` when the list does not tell.
    consumers: int | None
    #: Name of the policies that apply; empty when there are none.
    policy: str
    #: What they say, merged.
    policy_definition: Mapping[str, Any]


def compared(listed: ListedQueue, spec: QueueSpec) -> tuple[Difference, ...]:
    """Return how a listed queue differs from ours."""
    ours = {"durable": True, "auto_delete": spec.auto_delete, **spec.arguments}
    return tuple(
        Difference(argument=name, ours=_text(ours.get(name)), theirs=_text(listed.definition.get(name)))
        for name in sorted(ours.keys() | listed.definition.keys())
        if ours.get(name) != listed.definition.get(name)
    )


def _text(value: object) -> str:
    if value is None:
        return ABSENT
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFacts:
    """What a broker says of itself."""

    product: str
    version: str
    #: Whether work that stays in hand for too long is delivered again.
    limits_work: bool


class Inspector(Protocol):
    """Looks at a broker over one connection; every method may raise `BrokerUnavailable`."""

    def about(self) -> BrokerFacts:
        """Return what the broker says of itself."""

    def queue(self, spec: QueueSpec) -> QueueFacts | None:
        """Return what is known of a queue; ``None`` when there is none of this name."""

    def exchange(self, spec: ExchangeSpec) -> tuple[Difference, ...] | None:
        """Return how an exchange differs from ours; ``None`` when there is none of this name."""

    def bindings(self, exchange: str) -> frozenset[BindingSpec] | None:
        """Return the routes from an exchange, to whatever; ``None`` when the broker does not tell."""

    def listed_queues(self) -> Sequence[ListedQueue] | None:
        """Return all queues that can have policies and managers; ``None`` when the broker does not tell."""

    def round_trip(self) -> None:
        """Send a message to a queue that is gone afterwards, and take it back.

        Raises:
            PermissionRefused: the user may not.
            BrokerUnavailable: it does not come back.
        """

    def close(self) -> None:
        """Give the connection back."""
