"""Dead letters as JSON for machines, and as text that no terminal takes for commands."""

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from regards_processing.kernel.dead_letters.description import DeadLetter
from regards_processing.kernel.dead_letters.services import Outcome

#: Bytes of a body that are shown, as in the reference.
EXCERPT: Final = 1000
_REASON_WIDTH: Final = 100


def letter_as_json(letter: DeadLetter) -> dict[str, Any]:
    """Return what a list tells of a message."""
    told = {
        "position": letter.position,
        "reason": letter.reason,
        "diedIn": letter.died_in,
        "exchange": letter.exchange,
        "diedAt": _iso(letter.died_at),
        "sentAt": _iso(letter.sent_at),
        "tenant": letter.tenant,
        "requestId": letter.request_id,
        "contentType": letter.content_type,
        "bytes": letter.size,
    }
    return {name: value for name, value in told.items() if value is not None}


def whole_as_json(letter: DeadLetter, *, excerpt: int) -> dict[str, Any]:
    """Return all of a message, and the beginning of its body."""
    return letter_as_json(letter) | {
        "headers": {name: _plain(value) for name, value in letter.headers.items()},
        "properties": {name: _plain(value) for name, value in letter.properties.items()},
        "body": decoded(letter.body[:excerpt]),
    }


def outcome_as_json(outcome: Outcome, *, verb: str) -> dict[str, Any]:
    """Return what became of the messages; ``verb`` names what was done."""
    stayed = [
        {"position": each.position, "requestId": each.request_id, "reason": each.reason}
        for each in outcome.stayed
    ]
    return {verb: outcome.done, "stayed": stayed}


def line(letter: DeadLetter) -> str:
    """Return a message as one line."""
    when = _iso(letter.died_at or letter.sent_at) or "-"
    origin, tenant = letter.died_in or "-", letter.tenant or "-"
    facts = f"{when}  {origin}  {tenant}  {letter.request_id or '-'}  {letter.size} bytes"
    return printable(f"{letter.position:>4}  {facts}  {letter.reason[:_REASON_WIDTH]}")


def lines(letter: DeadLetter, *, excerpt: int) -> Iterator[str]:
    """Return all of a message in lines, and the beginning of its body."""
    told = whole_as_json(letter, excerpt=excerpt)
    body, parts = told.pop("body"), {name: told.pop(name) for name in ("headers", "properties")}
    yield from (f"{name}: {printable(str(value))}" for name, value in told.items())
    for part, values in parts.items():
        yield f"{part}:"
        for name, value in values.items():
            text = value if isinstance(value, str) else json.dumps(value)
            yield from _indented(f"{name}: {text}")
    yield f"body (the first {min(excerpt, letter.size)} of {letter.size} bytes):"
    yield from _indented(body)


def printable(text: str) -> str:
    """Return text with every character that does not print written as an escape."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


def decoded(content: bytes) -> str:
    """Return bytes as text; those that are none are written as escapes."""
    return content.decode("utf-8", errors="backslashreplace")


def _indented(text: str) -> Iterator[str]:
    return (f"  {printable(row)}" for row in text.split("\n"))


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _plain(value: object) -> Any:
    """Return a value of a header as JSON has it."""
    match value:
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case bytes() | bytearray() | memoryview():
            return decoded(bytes(value))
        case float() if not math.isfinite(value):
            return str(value)
        case str() | int() | float() | None:
            return value
    return str(value)
