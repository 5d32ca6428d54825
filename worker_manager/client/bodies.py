"""Reading the bodies of requests from files: one JSON object a file, or one a line."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from regards_processing.kernel.errors import DomainError
from workers.contract import bodies
from workers.contract.errors import MalformedMessage

#: Files with this ending hold one body; all others, and standard input, hold one a line.
_ONE_BODY: Final = ".json"
_STANDARD_INPUT: Final = "-"


class UnreadableBody(DomainError):
    """A file cannot be read, or what it holds is no body of a request."""

    code = "UNREADABLE_BODY"
    http_status = 422


def read_bodies(*, files: Iterable[str]) -> list[bytes]:
    """Return the bodies of all files in their order; ``-`` is standard input.

    Raises:
        UnreadableBody: a file cannot be read, or a body is not a JSON object; names file and line.
    """
    return [checked(body, place=place) for file in files for place, body in _parts(file)]


def checked(body: bytes, *, place: str) -> bytes:
    """Return a body as it came.

    Raises:
        UnreadableBody: it is not a JSON object.
    """
    try:
        bodies.load_object(body)
    except MalformedMessage as error:
        raise UnreadableBody(f"{place}: {error.reason}") from error
    return body


def _parts(file: str) -> Iterator[tuple[str, bytes]]:
    """Return the bodies of a file, and where each one stands."""
    content = _content(file)
    if file.lower().endswith(_ONE_BODY):
        yield file, content
        return
    name = "standard input" if file == _STANDARD_INPUT else file
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            yield f"{name}, line {number}", line


def _content(file: str) -> bytes:
    if file == _STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UnreadableBody(f"{file} cannot be read: {error.strerror}") from error
