"""Additional headers that stay with a request from step to step, where its workflow asks for that. Ours."""

from collections.abc import Mapping
from typing import Final

#: Name of the wish in a configuration file and in a canvas.
KEEP_HEADERS: Final = "keepHeaders"
#: Bytes of names and values that a request may have: they travel in one AMQP frame, which RabbitMQ limits.
MOST_BYTES: Final = 65_536
#: Bytes that AMQP gives a name.
_LONGEST_NAME: Final = 255


class HeadersTooLarge(Exception):
    """A request would have additional headers that no message can carry."""


def keep(before: Mapping[str, str] | None, own: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers that a request has after an answer; of those with one name the answer's counts.

    Raises:
        HeadersTooLarge: there would be more than a message can carry, or one with too long a name.
    """
    kept = {**(before or {}), **(own or {})}
    check_size(kept)
    return kept


def check_size(headers: Mapping[str, str]) -> None:
    """See that a message can carry additional headers.

    Raises:
        HeadersTooLarge: there are too many, or one has too long a name.
    """
    longest = max(map(_size, headers), default=0)
    if longest > _LONGEST_NAME:
        raise HeadersTooLarge(
            f"names of additional headers are limited to {_LONGEST_NAME} bytes, got {longest}"
        )
    size = sum(map(_size, (*headers, *headers.values())))
    if size > MOST_BYTES:
        raise HeadersTooLarge(f"additional headers are limited to {MOST_BYTES} bytes, got {size}")


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
