"""Which values of JSON can be stored and told again. Pure."""

import json
import math
import re
from typing import Any, Final

#: Arrays and objects inside each other: what is nested deeper is no document, and ends whoever walks through
#: it.
MOST_LEVELS: Final = 100

_NESTING: Final = frozenset({dict, list})
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
#: Without any of these in its ASCII text a value has nothing that a database refuses.
_SUSPECT: Final = ("\\u0000", "\\ud", "Infinity", "NaN")
#: Characters of a place that are told.
_LONGEST_PLACE: Final = 200


def is_too_deep(value: Any) -> bool:
    """Say whether a value that was read has more levels than any document needs."""
    level = [value] if type(value) in _NESTING else []
    for _ in range(MOST_LEVELS):
        level = [
            part
            for each in level
            for part in (each.values() if type(each) is dict else each)
            if type(part) in _NESTING
        ]
    return bool(level)


def is_storable(text: str) -> bool:
    """Say whether every database takes a text: it has no NUL, and no half of a surrogate pair."""
    return "\0" not in text and (text.isascii() or not _SURROGATE.search(text))


def why_not_storable(value: Any, *, name: str) -> str | None:
    """Return what forbids to store a value that was read, and where that is; ``None`` if nothing does."""
    if is_too_deep(value):
        return f"{name} is nested too deeply: more than {MOST_LEVELS} levels"
    text = json.dumps(value)
    fault = _fault(value) if any(suspect in text for suspect in _SUSPECT) else None
    return f"{name}{fault[0]} {fault[1]}" if fault else None


def _fault(value: Any) -> tuple[str, str] | None:
    """Return the place of what cannot be stored, and what it is."""
    match value:
        case str() if not is_storable(value):
            return "", "holds a NUL character or half of a surrogate pair"
        case float() if not math.isfinite(value):
            return "", "is not a finite number"
        case dict():
            inside = ((f".{name}", _fault(name) or _fault(part)) for name, part in value.items())
        case list():
            inside = ((f"[{place}]", _fault(part)) for place, part in enumerate(value))
        case _:
            return None
    return next(((f"{place}{fault[0]}"[:_LONGEST_PLACE], fault[1]) for place, fault in inside if fault), None)
