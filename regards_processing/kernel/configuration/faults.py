"""What can be wrong with an item of a configuration file. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from regards_processing.kernel.errors import DomainError

#: The value of an item as it stands in a file.
Value = Mapping[str, Any]

_LISTED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One reason why an item is refused."""

    #: What REST clients are told.
    text: str
    #: Path of the field inside the item's value; empty when it is the item as a whole.
    field: str = ""
    #: What would be right, for people who correct the file.
    allowed: str = ""
    #: It is right by itself, and stands against something else that is configured.
    clashes: bool = False

    def __str__(self) -> str:
        return f"{self.text.removesuffix('.')}. Allowed: {self.allowed}." if self.allowed else self.text


class InvalidItem(DomainError):
    """An item of the configuration file is not valid."""

    code = "INVALID_ITEM"
    http_status = 422

    def __init__(self, *faults: Fault) -> None:
        super().__init__(" ".join(fault.text for fault in faults))
        self.faults = faults

    @property
    def messages(self) -> Sequence[str]:
        """One text for each fault, with what would be right."""
        return [str(fault) for fault in self.faults]


class ItemClash(InvalidItem):
    """An item is valid by itself, and stands against something else that is configured."""

    code = "ITEM_CLASH"
    http_status = 409


def refusal(*faults: Fault) -> InvalidItem:
    """Return the error that tells all of these faults."""
    return (ItemClash if all(fault.clashes for fault in faults) else InvalidItem)(*faults)


def listed(names: Iterable[str]) -> str:
    """Return names as a text for people: in order, and cut when there are very many."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _LISTED} more" if len(ordered) > _LISTED else ""
    return f"{', '.join(ordered[:_LISTED]) or 'none'}{more}"
