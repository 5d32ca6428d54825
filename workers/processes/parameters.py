"""Parameters of plugins: declared once, and from that described, filled in and checked."""

import json
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class ParameterType(StrEnum):
    """Kinds of values, by the names of the contract."""

    STRING = "STRING"
    BYTE = "BYTE"
    SHORT = "SHORT"
    INTEGER = "INTEGER"
    LONG = "LONG"
    FLOAT = "FLOAT"
    DOUBLE = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    MAP = "MAP"
    COLLECTION = "COLLECTION"
    POJO = "POJO"
    #: Business id of another plugin configuration.
    PLUGIN = "PLUGIN"
    #: Name of a data model.
    REGARDS_ENTITY_MODEL = "REGARDS_ENTITY_MODEL"


_BITS: Final[Mapping[ParameterType, int]] = {
    ParameterType.BYTE: 8,
    ParameterType.SHORT: 16,
    ParameterType.INTEGER: 32,
    ParameterType.LONG: 64,
}
_NUMBERS: Final = frozenset({ParameterType.FLOAT, ParameterType.DOUBLE})
_TEXTS: Final = frozenset({ParameterType.STRING, ParameterType.PLUGIN, ParameterType.REGARDS_ENTITY_MODEL})
_OBJECTS: Final = frozenset({ParameterType.MAP, ParameterType.POJO})
#: What no database has in a text: NUL, and halves of surrogate pairs.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_TRUTHS: Final[Mapping[str, bool]] = {"true": True, "false": False}


#: What is told in the place of a secret.
MASK: Final = "***"


class BadValue(ValueError):
    """A value is not of the type of its parameter."""

    def __init__(self, value: object, expected: str) -> None:
        super().__init__(f"{value!r:.200} is refused: {expected} is expected")
        self.expected = expected


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterDescriptor:
    """A parameter as its plugin declares it."""

    name: str
    label: str
    description: str
    type: ParameterType = ParameterType.STRING
    #: Text that is converted when nothing is given; a parameter without one is mandatory, unless optional.
    default: str | None = None
    optional: bool = False
    #: Kept encrypted, and never shown in clear; only a text can be.
    sensitive: bool = False
    #: The only values there are; empty when any value of the type will do.
    choices: tuple[str, ...] = ()
    #: Other names under which it may be given.
    aliases: tuple[str, ...] = ()
    #: Longer texts, for administrators and for users.
    markdown: str | None = None
    user_markdown: str | None = None

    def __post_init__(self) -> None:
        """Refuse a secret that could not be kept as one: the contract has encrypted texts and no others.

        Raises:
            ValueError: it is sensitive, and of another type than STRING.
        """
        if self.sensitive and self.type is not ParameterType.STRING:
            raise ValueError(
                f"Parameter {self.name} is sensitive and a {self.type}: only a STRING can be kept encrypted"
            )

    @property
    def mandatory(self) -> bool:
        """Whether a configuration must give it."""
        return not self.optional and self.default is None

    def to_json(self) -> dict[str, Any]:
        """Describe it as the contract does, absent texts left out."""
        described = {
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "markdown": self.markdown,
            "userMarkdown": self.user_markdown,
            "type": self.type.value,
            "defaultValue": self.default,
            "optional": self.optional or self.default is not None,
            "sensitive": self.sensitive,
            "unconfigurable": False,
        }
        return {name: value for name, value in described.items() if value is not None}

    def check(self, value: object) -> Any:
        """Return the JSON value of a stored parameter, if it is one of this parameter's.

        Raises:
            BadValue: it is of another type, or none of the choices.
        """
        try:
            checked = check_value(self.type, value)
        except BadValue as error:
            raise self.refusal(value, error.expected) from None
        if self.choices and checked not in self.choices:
            raise self.refusal(value, f"one of {', '.join(self.choices)}")
        return checked

    def refusal(self, value: object, expected: str) -> BadValue:
        """Return the error that refuses a value of this parameter, and does not tell one that is a secret."""
        return BadValue(MASK if self.sensitive else value, expected)

    def convert(self, text: str) -> Any:
        """Return the value that a text stands for: a default, or what a user gave.

        Raises:
            BadValue: it stands for none of this type.
        """
        return self.check(_read(self.type, text))


def check_value(kind: ParameterType, value: object) -> Any:
    """Return a JSON value if it is of the type.

    Raises:
        BadValue: it is of another.
    """
    if kind in _BITS:
        return _whole_number(value, _BITS[kind])
    fits, expected = _expectation(kind, value)
    if not fits:
        raise BadValue(value, expected)
    if not _can_be_stored(value):
        raise BadValue(value, f"{expected} without NUL, NaN and infinite numbers")
    return value


def _expectation(kind: ParameterType, value: object) -> tuple[bool, str]:
    if kind in _TEXTS:
        return isinstance(value, str) and not _UNSTORABLE.search(value), "a text without NUL"
    if kind in _NUMBERS:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # Not NaN, and no whole number beyond all others.
        return is_number and abs(value) <= sys.float_info.max, "a number"  # type: ignore[arg-type] # it is one
    if kind is ParameterType.BOOLEAN:
        return isinstance(value, bool), "true or false"
    if kind in _OBJECTS:
        return isinstance(value, dict), "an object"
    return isinstance(value, list), "an array"


def _can_be_stored(value: object) -> bool:
    """Tell whether databases take all that a JSON value holds."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            left += each
        elif _is_unstorable(each):
            return False
    return True


def _is_unstorable(value: object) -> bool:
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is not None
    return isinstance(value, float) and not math.isfinite(value)


def _whole_number(value: object, bits: int) -> int:
    limit = 2 ** (bits - 1)
    if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
        raise BadValue(value, f"a whole number from {-limit} to {limit - 1}")
    return value


def _read(kind: ParameterType, text: str) -> object:
    if kind in _TEXTS:
        return text
    if kind is ParameterType.BOOLEAN:
        return _TRUTHS.get(text.strip().lower(), text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
