"""Fields of an item that its schema does not name: misspelt, most of the time. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from regards_processing.kernel.audit.storable import storable_text
from regards_processing.kernel.configuration.faults import Fault, Value


def unknown_fields(*, value: object, schema: Value, path: str = "") -> Iterator[Fault]:
    """Return a fault for each field that nothing reads, at any depth.

    Objects whose schema allows no other fields are left to those who read them: they refuse the item.
    """
    if isinstance(value, list):
        for place, part in enumerate(value):
            yield from unknown_fields(value=part, schema=schema.get("items", {}), path=f"{path}[{place}]")
    elif isinstance(value, dict) and schema.get("additionalProperties") is not False:
        yield from _of_object(value, _fields(schema), path)


def _of_object(value: Value, known: Mapping[str, Any], path: str) -> Iterator[Fault]:
    for name, part in value.items():
        below = f"{path}.{storable_text(name)}" if path else storable_text(name)
        if name in known:
            yield from unknown_fields(value=part, schema=known[name], path=below)
        elif known:
            yield Fault(text=f"{below} is not known", field=below, allowed=", ".join(known))


def _fields(schema: Value) -> Mapping[str, Any]:
    """Return the fields of an object; of one with several forms those of all."""
    found: dict[str, Any] = {}
    for form in (schema, *schema.get("anyOf", ())):
        # What one form has no use for says nothing of what may be in it.
        found |= {name: known for name, known in form.get("properties", {}).items() if name not in found}
    return found
