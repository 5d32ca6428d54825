"""Sending by SFTP and FTP: under another name first, gone on with by the next attempt, read back, renamed."""

import uuid
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import Any, Final

from workers.builtin.file_digest import new_digest
from workers.builtin.transfer.at_target import summed
from workers.builtin.transfer.failures import SECONDS_BEFORE_RETRY
from workers.builtin.transfer.partial import incoming_prefix
from workers.builtin.transfer.sink import Shipment, StartAgain
from workers.builtin.transfer.terms import Transferred
from workers.builtin.transfer.wires import Wire, wire_of
from workers.sdk import RetryLater

#: Of what is read back; what the answer names is computed of the whole.
_ALGORITHM: Final = "sha256"
#: Bytes from which on it is worth to look for what an earlier attempt has sent: that lists the folder.
_LEAST_RESUMED: Final = 1024 * 1024


class RenamedSink:
    """A file that is called otherwise until all of it is there.

    Each attempt has a name of its own, so that two never open the same file. The next attempt gives what it
    finds its own name before anything else: only one can do so. Whoever still writes there does no harm: both
    write the same bytes at the same places. It finds at its end that its file is gone.
    """

    def __init__(self, shipment: Shipment) -> None:
        self._shipment = shipment
        self._files = shipment.target.filesystem
        self._wire = wire_of(shipment.target, field=shipment.field)
        self._folder, _, name = shipment.target.path.rpartition("/")
        self._all = incoming_prefix(name)
        self._mine = f"{self._all}{shipment.version.mark}-"
        self._path = f"{self._folder}/{self._mine}{uuid.uuid4().hex[:16]}"
        self._sent = new_digest(_ALGORITHM)
        self._stream: Any = None
        self.resumed_at = 0
        self._files.makedirs(self._folder or "/", exist_ok=True)
        self._others = self._left() if shipment.resume else []
        self._earlier = _Earlier(self._wire, self._path) if self._take_over() else None

    def write(self, piece: bytes) -> None:
        """Take the next piece: compare it with what is there, or send it."""
        rest = piece[self._compared(piece) :]
        if rest:
            self._open().write(rest)
            self._sent.update(rest)

    def finish(self, copied: Transferred) -> None:
        """Close, verify, rename, and remove what other attempts have left."""
        self._end_earlier()
        if not self.resumed_at:
            # A file without content comes in no pieces.
            self._open()
        self._close()
        self._check_arrived(copied)
        self._publish()
        for each in self._others:
            with suppress(Exception):
                self._files.rm_file(each["name"])

    def leave(self) -> None:
        """Break off; what has arrived stays, if the next attempt will find it."""
        if self._is_resumable():
            self._let_go()
        else:
            self.discard()

    def discard(self) -> None:
        """Break off, and remove what has arrived; the connection may be the reason."""
        self._let_go()
        with suppress(Exception):
            self._files.rm_file(self._path)

    def _is_resumable(self) -> bool:
        version = self._shipment.version
        return version.sure and version.size is not None and version.size >= _LEAST_RESUMED

    def _left(self) -> list[Mapping[str, Any]]:
        """Return what other attempts have left of the same target, the largest first."""
        if not self._is_resumable():
            return []
        self._files.invalidate_cache()
        try:
            listed = self._files.ls(self._folder or "/", detail=True)
        except PermissionError:
            # Some folders only take.
            return []
        left = [each for each in listed if _name_of(each).startswith(self._all)]
        return sorted(left, key=lambda each: int(each["size"]), reverse=True)

    def _take_over(self) -> bool:
        """Give what an earlier attempt has sent of this version our own name; tell whether there is any."""
        most = self._shipment.version.size or 0
        for each in self._others:
            fits = _name_of(each).startswith(self._mine) and 0 < int(each["size"]) <= most
            if fits and self._wire.take_over(each["name"], self._path):
                self._others.remove(each)
                return True
        return False

    def _compared(self, piece: bytes) -> int:
        """Return how many bytes of a piece an earlier attempt has sent."""
        if self._earlier is None:
            return 0
        there = self._earlier.take(len(piece))
        if not piece.startswith(there):
            self.discard()
            if self.resumed_at:
                raise StartAgain
            return 0
        if len(there) < len(piece):
            self._end_earlier()
        self.resumed_at += len(there)
        return len(there)

    def _end_earlier(self) -> None:
        earlier, self._earlier = self._earlier, None
        if earlier is not None:
            earlier.close()

    def _open(self) -> Any:
        if self._stream is None:
            try:
                self._stream = self._wire.open(self._path, at=self.resumed_at)
            except StartAgain:
                self.discard()
                raise
        return self._stream

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _check_arrived(self, copied: Transferred) -> None:
        arrived = self._size()
        if arrived != copied.size:
            self.discard()
            raise OSError(f"{arrived} of {copied.size} bytes have arrived")
        if not self._shipment.read_back or self.resumed_at == copied.size:
            return
        # What was there before was read already.
        with self._wire.read(self._path, at=self.resumed_at) as pieces:
            _, checksum = summed(pieces, at=self.resumed_at, algorithm=_ALGORITHM, watch=self._shipment.watch)
        sent = self._sent.hexdigest()
        if checksum != sent:
            raise self._shipment.wrong(arrived=checksum, sent=sent, algorithm=_ALGORITHM)

    def _size(self) -> int:
        self._files.invalidate_cache()
        try:
            return int(self._files.info(self._path)["size"])
        except FileNotFoundError as error:
            raise RetryLater(
                after=SECONDS_BEFORE_RETRY,
                reason=f"{self._shipment.target.shown}: another attempt goes on with what this one has sent",
            ) from error

    def _publish(self) -> None:
        if self._shipment.overwrite:
            self._files.mv(self._path, self._shipment.target.path)
            return
        try:
            self._wire.claim(self._path)
        except FileExistsError as error:
            self.discard()
            raise RetryLater(
                after=SECONDS_BEFORE_RETRY, reason=f"{self._shipment.target.shown} has appeared meanwhile"
            ) from error

    def _let_go(self) -> None:
        for end in (self._end_earlier, self._close):
            with suppress(Exception):
                end()


class _Earlier:
    """What an earlier attempt has sent, read to be compared."""

    def __init__(self, wire: Wire, path: str) -> None:
        self._stack = ExitStack()
        self._pieces = self._stack.enter_context(wire.read(path, at=0))
        self._read = bytearray()

    def take(self, size: int) -> bytes:
        """Return the next bytes; fewer than ``size`` when there are no more."""
        while len(self._read) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._read += piece
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken

    def close(self) -> None:
        """Read no more."""
        self._stack.close()


def _name_of(entry: Mapping[str, Any]) -> str:
    return str(entry["name"]).rpartition("/")[2]
