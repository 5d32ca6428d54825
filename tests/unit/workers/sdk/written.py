"""A broker's side of one connection, for tests of what fleets write."""

import struct
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from workers.transport.turns import HeldWrites

_FRAME = struct.Struct(">BHI")
_BODY = 3


class Driver:
    """The driver's connection: what it sends is kept."""

    frame_max = 131_072

    def __init__(self) -> None:
        self.sent = bytearray()
        self.held = HeldWrites(self.sent.extend, watched=False)


class Channel:
    """A channel that confirms when the test says so."""

    channel_id = 7

    def __init__(self) -> None:
        self.events: dict[str, set[Callable[[int, bool], None]]] = defaultdict(set)

    def confirm_select(self) -> None:
        """Accept."""

    def tell(self, event: str, tag: int, *, multiple: bool) -> None:
        """Play the broker."""
        for callback in self.events[event]:
            callback(tag, multiple)


class Broker:
    """A connection with one channel."""

    def __init__(self) -> None:
        self.opened = Channel()
        self.connection: Any = Driver()

    def channel(self) -> Channel:
        """Open the channel."""
        return self.opened

    def bodies(self) -> list[bytes]:
        """End the turn and return the bodies of the messages that were written so far."""
        self.connection.held.flush()
        return [payload for kind, payload in frames(bytes(self.connection.sent)) if kind == _BODY]


def frames(sent: bytes) -> list[tuple[int, bytes]]:
    """Return kind and payload of each frame."""
    found, at = [], 0
    while at < len(sent):
        kind, _, size = _FRAME.unpack_from(sent, at)
        start = at + _FRAME.size
        found.append((kind, sent[start : start + size]))
        at = start + size + 1
    return found
