"""A client's traffic, written and read as frames, so that the client takes next to nothing of the machine.

A client library spends more on a message than the platform does, and would be half of what is measured.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final

import amqp

from bench.broker import Broker

_METHOD, _HEADER, _BODY = 1, 2, 3
_END: Final = b"\xce"
#: Kind, channel and size of a frame; what follows is the payload and one byte.
_FRAME: Final = struct.Struct(">BHI")
_PUBLISH: Final = struct.Struct(">HHH")
_CONTENT: Final = struct.Struct(">HHQ")
_BASIC, _BASIC_PUBLISH = 60, 40
_READ: Final = 2**18


def encoded(
    *, exchange: str, routing_key: str, body: str, headers: Mapping[str, object], **properties: object
) -> bytes:
    """Return a persistent message as the frames that publish it on channel 1; the body fits one frame."""
    content = body.encode()
    message: Any = amqp.Message("", application_headers=dict(headers), delivery_mode=2, **properties)
    method = _PUBLISH.pack(_BASIC, _BASIC_PUBLISH, 0) + _short(exchange) + _short(routing_key) + b"\0"
    header = _CONTENT.pack(_BASIC, 0, len(content)) + message._serialize_properties()  # noqa: SLF001 (no public way)
    return _frame(_METHOD, method) + _frame(_HEADER, header) + _frame(_BODY, content)


class Stream:
    """One connection that consumes a queue and publishes frames, and does nothing else from then on."""

    def __init__(self, broker: Broker, *, queue: str) -> None:
        """Take over the connection of ``broker``."""
        self._socket = broker.consume(queue)
        self._rest = b""

    def send(self, frames: bytes) -> None:
        """Publish messages, not confirmed: who publishes counts what comes out at the other end."""
        self._socket.settimeout(None)
        self._socket.sendall(frames)

    def bodies(self, *, timeout: float) -> Iterator[bytes]:
        """Wait for something to arrive, and give the bodies of all messages that are complete.

        Raises:
            TimeoutError: nothing came within ``timeout`` seconds.
            ConnectionError: the broker closed the connection.
        """
        self._socket.settimeout(timeout)
        received = self._socket.recv(_READ)
        if not received:
            raise ConnectionError("The broker closed the client's connection")
        read, at = self._rest + received, 0
        while len(read) - at >= _FRAME.size:
            kind, _, size = _FRAME.unpack_from(read, at)
            start = at + _FRAME.size
            if len(read) <= start + size:
                break
            if kind == _BODY:
                yield read[start : start + size]
            at = start + size + 1
        self._rest = read[at:]


def _frame(kind: int, payload: bytes) -> bytes:
    return _FRAME.pack(kind, 1, len(payload)) + payload + _END


def _short(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data
