"""Additional headers that stay with a request from step to step, where its workflow asks for that. Ours."""

from collections.abc import Mapping
from typing import Final

#: Name of the wish in a configuration file and in a canvas.
KEEP_HEADERS: Final = "keepHeaders"
#: Bytes of names and values that a request may keep: they travel in one AMQP frame, which RabbitMQ limits.
MOST_BYTES: Final = 65_536
#: Bytes that AMQP gives a name.
_LONGEST_NAME: Final = 255


class HeadersTooLarge(Exception):
    """A request would keep headers that no message can carry."""


def keep(before: Mapping[str, str] | None, own: Mapping[str, str] | None) -> dict[str, str]:
    """Return the headers that a request has after an answer; of those with one name the answer's counts.

    Raises:
        HeadersTooLarge: there would be more than a message can carry, or one with too long a name.
    """
    kept = {**(before or {}), **(own or {})}
    longest = max(map(_size, kept), default=0)
    if longest > _LONGEST_NAME:
        raise HeadersTooLarge(
            f"names of headers that are kept are limited to {_LONGEST_NAME} bytes, got {longest}"
        )
    size = sum(map(_size, (*kept, *kept.values())))
    if size > MOST_BYTES:
        raise HeadersTooLarge(f"the headers that are kept are limited to {MOST_BYTES} bytes, got {size}")
    return kept


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
