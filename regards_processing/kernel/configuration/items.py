"""The items of a configuration file, and what a service must know of each kind to plug it in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from regards_processing.kernel.configuration.faults import Fault, Value
from regards_processing.kernel.tenancy.models import Tenant

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Generic[T]):
    """An item that was read without a fault."""

    #: Its place in the array ``configuration``, from 0.
    position: int
    content: T


#: Position of an item that is refused → why; without a reason when it is refused because of its neighbours.
Refusals = dict[int, Sequence[Fault]]


@dataclass(slots=True, kw_only=True)
class Importing:
    """The import under way, of one module of a file."""

    tenant: Tenant
    at: datetime
    #: Keys of which an item could not be read.
    unreadable: frozenset[str] = frozenset()
    #: What was stored from the same file so far, by key.
    stored: dict[str, list[Any]] = field(default_factory=dict)
    #: What an operator should know although it is no reason to refuse anything.
    warnings: list[str] = field(default_factory=list)


class ItemKind(Protocol[T]):
    """One kind of item: how it is read, stored, reset and exported. All but ``read`` are in a transaction."""

    @property
    def key(self) -> str:
        """The class name that REGARDS gives to this kind."""
        ...

    @property
    def schema(self) -> Value:
        """JSON Schema of the value; what it refuses, ``read`` refuses as well."""
        ...

    @property
    def tells_unknown_fields(self) -> bool:
        """Whether fields that the schema does not name are told; else they are of no importance."""
        ...

    def read(self, value: Value) -> T:
        """Read a value, looking at nothing else.

        Raises:
            InvalidItem: it is not valid; every fault is named.
        """
        ...

    def store(self, *, importing: Importing, items: Sequence[Item[T]]) -> Refusals:
        """Store those items that fit what is stored already, over earlier ones of the same name."""
        ...

    def reset(self, *, tenant: Tenant, at: datetime) -> Sequence[str]:
        """Erase everything of this kind; return a text for each thing that has to stay."""
        ...

    def exported(self, *, tenant: Tenant) -> Iterable[Value]:
        """Return the values of everything stored, in an order that is always the same."""
        ...


class NamedKind(ItemKind[T], Protocol[T]):
    """A kind whose items have names, so that each can be read, stored and deleted by itself."""

    #: What one is called, for people.
    noun: str
    #: What actions on them begin with in the audit trail.
    subject: str
    #: The field of the value that holds the name.
    name_field: str

    def find(self, *, tenant: Tenant, name: str) -> Value | None:
        """Return the value of one, if it is stored."""
        ...

    def users(self, *, tenant: Tenant) -> Mapping[str, Sequence[str]]:
        """Return what else is configured with each, for people; those that nothing needs are left out."""
        ...

    def delete(self, *, tenant: Tenant, name: str) -> None:
        """Delete one."""
        ...
