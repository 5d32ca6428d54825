"""Reading messages whose properties cannot be read.

The driver decodes headers while it reads the socket: a date after the year 9999 or a text that is not UTF-8
would end the connection, the broker would deliver the message again, and so on for ever. Here such a message
arrives with its body, and with one header that says why the others could not be read.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from amqp.exceptions import FrameSyntaxError
from amqp.method_framing import frame_handler
from amqp.serialization import dumps

Frame = tuple[int, int, bytes]

#: The header that carries the reason.
UNREADABLE: Final = "x-unreadable-properties"
#: The header that carries the bytes that could not be read, for whoever looks into the dead letters.
RAW: Final = "x-raw-properties"

_CONTENT_HEADER: Final = 2
#: Class, weight and body size come before the properties.
_FIXED: Final = 12
#: The flags of properties that consist of headers only.
_ONLY_HEADERS: Final = b"\x20\x00"
_LARGEST_RAW: Final = 16_384
#: What decoding raises; a date that the system's clock cannot count is an OSError.
_UNREADABLE_ERRORS: Final = (
    ValueError,
    ArithmeticError,
    IndexError,
    TypeError,
    RecursionError,
    struct.error,
    FrameSyntaxError,
    OSError,
)


def tolerant_frame_handler(connection: Any, callback: Callable[..., object]) -> Callable[[Frame], bool]:
    """Return the driver's own handler of incoming frames, made safe against unreadable properties."""
    strict = frame_handler(connection, callback)

    def on_frame(frame: Frame) -> bool:
        kind, channel, payload = frame
        if kind != _CONTENT_HEADER:
            return bool(strict(frame))
        try:
            return bool(strict(frame))
        except _UNREADABLE_ERRORS as error:
            return bool(strict((kind, channel, _replaced(payload, error))))

    return on_frame


def _replaced(payload: bytes, error: Exception) -> bytes:
    headers = {UNREADABLE: repr(error), RAW: payload[_FIXED : _FIXED + _LARGEST_RAW]}
    return payload[:_FIXED] + _ONLY_HEADERS + bytes(dumps("F", (headers,)))
