"""Read the items of one module of a file, each by its kind. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from regards_processing.kernel.configuration.envelope import Entry, Part, shown
from regards_processing.kernel.configuration.faults import Fault, InvalidItem, Value
from regards_processing.kernel.configuration.items import Item, ItemKind, Refusals
from regards_processing.kernel.configuration.unknown_fields import unknown_fields


@dataclass(slots=True, kw_only=True)
class Reading:
    """The items of a module by kind, and what is wrong with the others."""

    items: dict[str, list[Item[Any]]]
    refusals: Refusals = field(default_factory=dict)
    #: Keys of which an item could not be read.
    unreadable: set[str] = field(default_factory=set)
    #: What is passed over, for an operator to know.
    warnings: list[str] = field(default_factory=list)


def read_items(*, part: Part, kinds: Sequence[ItemKind[Any]], keys_of_others: Mapping[str, str]) -> Reading:
    """Read every item that can be read; items that only other services know are passed over."""
    known = {kind.key: kind for kind in kinds}
    reading = Reading(items={key: [] for key in known})
    for entry in part.entries:
        key = entry.key if isinstance(entry.key, str) else ""
        if key in known:
            _read(entry, known[key], reading)
        elif key in keys_of_others:
            reading.warnings.append(
                f"Item {entry.position} is passed over: its key {key} belongs to {keys_of_others[key]}"
            )
        else:
            fault = Fault(text=_unknown(entry, known), field="key", allowed=", ".join(known))
            reading.refusals[entry.position] = [fault]
    return reading


def _read(entry: Entry, kind: ItemKind[Any], reading: Reading) -> None:
    try:
        value = _object(entry)
        item = Item(position=entry.position, content=kind.read(value))
    except InvalidItem as error:
        reading.refusals[entry.position] = error.faults
        reading.unreadable.add(kind.key)
    else:
        reading.items[kind.key].append(item)
        if kind.tells_unknown_fields:
            reading.warnings += [
                f"Item {entry.position}: {fault.text}, and passed over. Known: {fault.allowed}"
                for fault in unknown_fields(value=value, schema=kind.schema)
            ]


def _object(entry: Entry) -> Value:
    if isinstance(entry.value, dict):
        return entry.value
    text = f"Item {entry.position} is refused: value must be an object, got {shown(entry.value)}"
    raise InvalidItem(Fault(text=text, field="value", allowed="an object"))


def _unknown(entry: Entry, known: Mapping[str, object]) -> str:
    return f"Item {entry.position} is refused: key {shown(entry.key)} must be one of {', '.join(known)}"
