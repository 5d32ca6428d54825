"""Values that must not be read by anybody: wherever a process would tell one, it tells stars."""

import json
from typing import Final

STARS: Final = "***"
#: Shorter values would turn every text into stars.
_SHORTEST: Final = 4

_hidden: set[str] = set()


def hide(value: str) -> None:
    """Tell a value no more in this process, neither as it is nor as JSON or Python write it."""
    forms = {value, *value.splitlines(), json.dumps(value)[1:-1], repr(value)[1:-1]}
    _hidden.update(form for form in forms if len(form) >= _SHORTEST)


def masked(text: str) -> str:
    """Return a text with stars in the place of what is hidden."""
    # The longest first: one value may be a part of another.
    for value in sorted(_hidden, key=len, reverse=True) if _hidden else ():
        text = text.replace(value, STARS)
    return text
