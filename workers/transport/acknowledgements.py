"""Acknowledgements of a channel, several in one frame where they follow each other."""

import struct
import threading
from typing import Final

#: A method frame: type, channel, length; class 60 (basic), method 80 (ack), tag, multiple; end.
_ACK: Final = struct.Struct(">BHIHHQBB")
_METHOD, _LENGTH, _CLASS, _ACK_METHOD, _END = 1, 13, 60, 80, 0xCE


class Acknowledgements:
    """What was acknowledged on a channel and has not been written yet.

    Delivery tags of a channel count up from 1. All up to one tag are acknowledged with one frame as soon as
    every one of them is settled.
    """

    def __init__(self, *, channel_id: int) -> None:
        self._channel_id = channel_id
        #: Every delivery up to this one is settled, and the broker knows.
        self._low = 0
        self._acknowledged: set[int] = set()
        #: Settled beyond ``_low`` in a way that the broker knows already.
        self._gone: set[int] = set()
        self._lock = threading.Lock()

    def add(self, tag: int) -> bool:
        """Acknowledge a delivery; return whether it is the first that waits to be written."""
        with self._lock:
            self._acknowledged.add(tag)
            return len(self._acknowledged) == 1

    def pass_over(self, tag: int) -> None:
        """Note a delivery that was settled in another way."""
        with self._lock:
            self._gone.add(tag)

    def frames(self) -> bytes:
        """Return the frames of all that waits, and forget it."""
        with self._lock:
            frames = [*self._in_order(), *(self._frame(tag) for tag in sorted(self._acknowledged))]
            self._gone |= self._acknowledged
            self._acknowledged.clear()
        return b"".join(frames)

    def _in_order(self) -> list[bytes]:
        last = 0
        while True:
            tag = self._low + 1
            if tag in self._acknowledged:
                self._acknowledged.remove(tag)
                last = tag
            elif tag in self._gone:
                self._gone.remove(tag)
            else:
                break
            self._low = tag
        # The broker wants the tag of a delivery that is still open: not one that is gone.
        return [self._frame(last, multiple=True)] if last else []

    def _frame(self, tag: int, *, multiple: bool = False) -> bytes:
        return _ACK.pack(_METHOD, self._channel_id, _LENGTH, _CLASS, _ACK_METHOD, tag, multiple, _END)
