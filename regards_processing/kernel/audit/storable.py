"""Facts of an action as every database takes them."""

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any


def storable(value: Any) -> Any:
    """Return a value as JSON that can be stored: whatever a caller sent, its trace must not fail.

    Databases refuse the character NUL and halves of characters, JSON has no infinite numbers; anything else
    that is no JSON value is told as text.
    """
    match value:
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case Mapping():
            return {storable_text(name): storable(item) for name, item in value.items()}
        case list() | tuple():
            return [storable(item) for item in value]
        case AbstractSet():
            return sorted(map(storable_text, value))
        case _:
            return storable_text(value)


def storable_text(value: object, *, longest: int | None = None) -> str:
    """Return the text of a value as every database takes it, cut to ``longest`` characters."""
    text = str(value).replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text.encode("utf-8", "replace").decode("utf-8")[:longest]
