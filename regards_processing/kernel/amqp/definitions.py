"""How the definition of a queue or an exchange differs from ours.

Note: reading a definition by asking for another.
    AMQP does not tell how a queue was declared. Declaring it again does: what exists is never changed, and
    when the definitions differ the broker refuses, and its text names the first difference. Taking over that
    value and asking again finds the next one, until the broker agrees.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from amqp.exceptions import PreconditionFailed

from regards_processing.kernel.amqp.inspection import ABSENT, UNKNOWN, Difference

Value = bool | int | str
#: Flags of the declaration and ``x-`` arguments, by name; what is absent has no entry.
Arguments = dict[str, Value]
Declare = Callable[[Arguments], object]

_REFUSAL: Final = re.compile(r"inequivalent arg '(?P<argument>[^']+)'(?:.* but current is (?P<theirs>.*))?")
#: How the broker tells a value. The text is cut after 255 characters; names are long, and values come last.
_VALUE: Final = re.compile(r"none|'(?P<plain>[^']*)'|the value '(?P<value>.*)' of type '(?P<type>\w+)'")
_WHOLE_NUMBER: Final = re.compile(r"-?\d+")
_SWITCHES: Final[Mapping[str, Value]] = {"true": True, "false": False}
#: Types of values that a text does not hold.
_UNREADABLE: Final = frozenset({"array", "table", "double", "float", "decimal", "timestamp", "binary"})
#: What ``x-max-priority`` can be.
_PRIORITIES: Final = range(1, 256)


class _Unknown(Exception):
    """The broker does not tell the value."""


def differences(declare: Declare, *, ours: Mapping[str, Value]) -> tuple[Difference, ...]:
    """Return how what exists differs from ours.

    Args:
        declare: declares something that exists, with the given definition.

    Raises:
        PreconditionFailed: the broker refuses for another reason.
    """
    arguments, found = dict(ours), dict[str, Difference]()
    while (refused := _refused(declare, arguments)) is not None and refused[0] not in found:
        argument, told = refused
        try:
            theirs = _read(told) if _VALUE.fullmatch(told) else _guessed(declare, arguments, argument)
        except _Unknown:
            text = UNKNOWN
        else:
            text = _text(theirs)
            arguments = _with(arguments, argument, theirs)
        found[argument] = Difference(argument=argument, ours=_text(ours.get(argument)), theirs=text)
    return tuple(found.values())


def _refused(declare: Declare, arguments: Arguments) -> tuple[str, str] | None:
    """Declare; return the argument that the broker refuses and what it tells of its value."""
    try:
        declare(arguments)
    except PreconditionFailed as error:
        match = _REFUSAL.search(error.reply_text or "")
        if match is None:
            raise
        return match["argument"], match["theirs"] or ""
    return None


def _read(told: str) -> Value | None:
    match = _VALUE.fullmatch(told)
    text = match and (match["plain"] if match["type"] is None else match["value"])
    kind = match and match["type"]
    if text is None or kind == "longstr":
        return text
    if kind in _UNREADABLE:
        raise _Unknown
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else _SWITCHES.get(text, text)


def _guessed(declare: Declare, arguments: Arguments, argument: str) -> Value | None:
    """Find a value that the text has no room for, by trying the few that it can be."""
    for guess in _guesses(arguments.get(argument)):
        refused = _refused(declare, _with(arguments, argument, guess))
        if refused is None or refused[0] != argument:
            return guess
    raise _Unknown


def _guesses(ours: Value | None) -> Iterator[Value | None]:
    yield None
    if isinstance(ours, int):
        yield from (True, False) if isinstance(ours, bool) else _PRIORITIES


def _with(arguments: Arguments, argument: str, value: Value | None) -> Arguments:
    rest = {name: known for name, known in arguments.items() if name != argument}
    return rest if value is None else {**rest, argument: value}


def _text(value: Value | None) -> str:
    if value is None:
        return ABSENT
    return str(value).lower() if isinstance(value, bool) else str(value)
