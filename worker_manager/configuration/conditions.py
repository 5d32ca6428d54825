"""The condition of a step in a configuration file. Pure; no database."""

from typing import Final

from regards_processing.kernel.configuration.faults import Fault, Value
from worker_manager.configuration.violations import blank, not_object, unfit, violation
from worker_manager.configuration.worker_items import NOT_BLANK
from workers.contract.conditions import IN, NOT_IN
from workers.contract.headers import RESERVED_PREFIX

_LONGEST: Final = 255
_MOST_VALUES: Final = 100
_VALUES: Final[Value] = {
    "type": ["array", "null"],
    "minItems": 1,
    "maxItems": _MOST_VALUES,
    "items": {"type": "string", "maxLength": _LONGEST},
}
#: JSON Schema of a condition.
CONDITION: Final[Value] = {
    "type": "object",
    "required": ["header"],
    "additionalProperties": False,
    "properties": {
        "header": {
            **NOT_BLANK,
            "maxLength": _LONGEST,
            "not": {"pattern": f"^{RESERVED_PREFIX.replace('.', '[.]')}"},
            "description": "Its name.",
        },
        IN: {**_VALUES, "description": "It holds for these values."},
        NOT_IN: {**_VALUES, "description": "It holds for other values, and without the header."},
    },
    "anyOf": [
        {"required": [name], "properties": {name: {"type": "array"}, other: {"enum": [None]}}}
        for name, other in ((IN, NOT_IN), (NOT_IN, IN))
    ],
}
#: JSON Schema of ``onlyIf``, an extension of the file of REGARDS.
SCHEMA: Final[Value] = {
    **CONDITION,
    "type": ["object", "null"],
    "description": "The step is left out unless an additional header of the answer before says otherwise. "
    "Not of the first step.",
}
_KEYS: Final = ("header", IN, NOT_IN)
_ALLOWED: Final = f"an object with header, and either {IN} or {NOT_IN}"


def condition_faults(path: str, value: object) -> list[Fault]:
    """Return what is wrong with a condition; an absent one is fine."""
    if value is None:
        return []
    unknown = not_object(path, value, keys=_KEYS, allowed=_ALLOWED)
    if not isinstance(value, dict):
        return unknown
    given = [name for name in (IN, NOT_IN) if value.get(name) is not None]
    if len(given) != 1:
        message = f"either {IN} or {NOT_IN} is expected"
        return [*unknown, violation("Size", message, path, value, allowed=_ALLOWED)]
    return [
        *unknown,
        *_header_faults(f"{path}.header", value.get("header")),
        *_values_faults(f"{path}.{given[0]}", value[given[0]]),
    ]


def _header_faults(path: str, header: object) -> list[Fault]:
    faults = blank(path, header, "header must be present") + unfit(path, header, _LONGEST)
    if faults or not str(header).startswith(RESERVED_PREFIX):
        return faults
    message, allowed = "no worker can set this header", f"a name that does not start with {RESERVED_PREFIX}"
    return [violation("Pattern", message, path, header, allowed=allowed)]


def _values_faults(path: str, values: object) -> list[Fault]:
    if not isinstance(values, list) or not 1 <= len(values) <= _MOST_VALUES:
        allowed = f"an array of 1 to {_MOST_VALUES} texts"
        return [violation("Size", f"{allowed} is expected", path, values, allowed=allowed)]
    return [fault for place, value in enumerate(values) for fault in _text_faults(f"{path}[{place}]", value)]


def _text_faults(path: str, value: object) -> list[Fault]:
    if value is None:
        return [violation("NotNull", "a text is expected", path, value, allowed="a text")]
    return unfit(path, value, _LONGEST)
