"""Sending to a store where a file appears when all of it is there, by what its package promises."""

from contextlib import suppress

from workers.builtin.transfer.at_target import compare
from workers.builtin.transfer.failures import SECONDS_BEFORE_RETRY
from workers.builtin.transfer.sink import Shipment
from workers.builtin.transfer.source import version_of
from workers.builtin.transfer.terms import Transferred
from workers.sdk import RetryLater


class WholeSink:
    """A transaction of fsspec; it cannot be gone on with by another attempt."""

    def __init__(self, shipment: Shipment) -> None:
        self._shipment = shipment
        self._files = shipment.target.filesystem
        self.resumed_at = 0
        self._files.start_transaction()
        self._stream = self._files.open(shipment.target.path, "wb")

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._stream.write(piece)

    def finish(self, copied: Transferred) -> None:
        """Have the file appear, and compare it with what was sent."""
        self._stream.close()
        self._files.end_transaction()
        shipment, target = self._shipment, self._shipment.target
        arrived = version_of(target, field=shipment.field).size
        if arrived != copied.size:
            raise RetryLater(
                after=SECONDS_BEFORE_RETRY,
                reason=f"{target.shown} has {arrived} bytes after {copied.size} were sent",
            )
        if shipment.read_back:
            compare(shipment, copied, remove=lambda: self._files.rm_file(target.path))

    def leave(self) -> None:
        """Break off; nothing stays."""
        self.discard()

    def discard(self) -> None:
        """Break off; nothing has appeared."""
        # Closing would send what is left, for nothing.
        self._stream.forced = True
        with suppress(Exception):
            self._stream.close()
            self._files.transaction.complete(commit=False)
