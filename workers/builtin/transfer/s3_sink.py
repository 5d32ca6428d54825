"""Sending to S3: small files whole, large ones in parts that the next attempt goes on with."""

import math
from contextlib import suppress
from typing import Final

from workers.builtin.transfer.at_target import compare
from workers.builtin.transfer.failures import SECONDS_BEFORE_RETRY, is_forever, is_refused_by_s3
from workers.builtin.transfer.notes import Notes
from workers.builtin.transfer.remote import S3, RemoteFile
from workers.builtin.transfer.s3_object import S3Object, Sums, Upload, etag_of
from workers.builtin.transfer.sink import Shipment, StartAgain
from workers.builtin.transfer.terms import Transferred, WrongFile
from workers.sdk import RetryLater

#: What S3 takes a large file in: bytes of a part, more only where a file would have too many of them.
_PART_BYTES: Final = 16 * 1024 * 1024
_MOST_PARTS: Final = 10_000


class S3Sink:
    """An object that appears when its last byte is there.

    What an earlier attempt has sent is recognised by its content alone: as the same object may be written by
    others, an upload is gone on with only when each of its parts is what we would send.
    """

    def __init__(self, shipment: Shipment) -> None:
        self._shipment = shipment
        self._object = S3Object(shipment.target)
        size = shipment.version.size
        largest = shipment.max_bytes if size is None else size
        self._part_bytes = max(_PART_BYTES, math.ceil(largest / _MOST_PARTS))
        self._buffer = bytearray()
        self._sums: list[Sums] = []
        self._upload: Upload | None = None
        #: Uploads of earlier attempts: those that may be gone on with, and those that nobody needs.
        self._left: list[Upload] = []
        self._surplus: list[Upload] = []
        self.resumed_at = 0

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._buffer += piece
        # Something is kept for the end: only then it is known whether there are parts at all.
        while len(self._buffer) > self._part_bytes:
            self._take_part(bytes(self._buffer[: self._part_bytes]))
            del self._buffer[: self._part_bytes]

    def finish(self, copied: Transferred) -> None:
        """Have the object appear, and verify it."""
        exclusive = not self._shipment.overwrite
        if self._sums:
            self._take_part(bytes(self._buffer))
            sums = Sums.of_parts(self._sums)
            etag = self._complete(self._chosen(), exclusive=exclusive)
        else:
            content = bytes(self._buffer)
            sums = Sums.of(content)
            etag = self._object.put(content, sums, exclusive=exclusive)
        self._verify(sums, copied, etag=etag)
        self._give_up([*self._left, *self._surplus])

    def leave(self) -> None:
        """Break off; the parts stay where the next attempt can go on with them."""
        if self._shipment.version.size is None:
            self.discard()

    def discard(self) -> None:
        """Break off; the parts are removed as well as possible."""
        begun = [self._upload] if self._upload else []
        self._give_up([*begun, *self._left, *self._surplus])

    def _take_part(self, content: bytes) -> None:
        sums = Sums.of(content)
        if not self._sums:
            self._left = self._found()
        if self._upload is None and self._is_there(sums, index=len(self._sums)):
            self.resumed_at += sums.size
        else:
            self._object.put_part(self._chosen(), content, sums)
        self._sums.append(sums)

    def _found(self) -> list[Upload]:
        """Return the uploads that may be of this file; none where we may not list them."""
        size = self._shipment.version.size
        if size is None or not self._shipment.resume:
            return []
        try:
            unfinished = list(self._object.unfinished())
        except Exception as error:
            if is_forever(error):
                return []
            raise
        begun = self._shipment.notes.begun()
        fitting = [each for each in unfinished if len(each.parts) <= math.ceil(size / self._part_bytes)]
        return sorted(fitting, key=lambda each: each.id not in begun)

    def _is_there(self, sums: Sums, *, index: int) -> bool:
        """Tell whether an earlier attempt has sent a part; uploads of another content are put aside."""
        ended = [each for each in self._left if len(each.parts) <= index]
        longer = [each for each in self._left if len(each.parts) > index]
        fitting = [each for each in longer if sums.are_of_part(each.parts[index])]
        if fitting:
            self._left = fitting
            self._surplus += ended
            return True
        if longer and not ended and index:
            raise StartAgain
        self._left = ended
        return False

    def _chosen(self) -> Upload:
        """Return the upload to go on with, or a new one."""
        if self._upload is None:
            self._upload = self._left.pop(0) if self._left else self._created()
        return self._upload

    def _created(self) -> Upload:
        upload = self._object.create()
        self._shipment.notes.add(upload.id)
        return upload

    def _complete(self, upload: Upload, *, exclusive: bool) -> str:
        right = [etag_of(part) == sums.etag for part, sums in zip(upload.parts, self._sums, strict=True)]
        if any(right) and not all(right):
            # Where one ETag is an MD5 the others are too.
            index = right.index(False)
            arrived, sent = etag_of(upload.parts[index]), self._sums[index].etag
            raise WrongFile(
                f"{self._shipment.target.shown}: part {index + 1} has the md5 {arrived} after {sent} was sent"
            )
        try:
            etag = self._object.complete(upload, self._sums, exclusive=exclusive)
        except Exception as error:
            if is_refused_by_s3(error):
                # Nothing will ever become of it.
                self.discard()
            raise
        self._shipment.notes.drop(upload.id)
        return etag

    def _verify(self, sums: Sums, copied: Transferred, *, etag: str) -> None:
        told = self._object.head()
        shown = self._shipment.target.shown
        if etag and etag_of(told) != etag:
            raise RetryLater(after=SECONDS_BEFORE_RETRY, reason=f"{shown} was replaced by somebody else")
        if told["ContentLength"] != copied.size:
            raise RetryLater(
                after=SECONDS_BEFORE_RETRY,
                reason=f"{shown} has {told['ContentLength']} bytes after {copied.size} were sent",
            )
        if self._shipment.read_back and not sums.are_proven_by(told):
            compare(self._shipment, copied, remove=lambda: self._object.delete(told))

    def _give_up(self, uploads: list[Upload]) -> None:
        _abort(self._object, self._shipment.notes, [upload.id for upload in uploads])


def abandon(target: RemoteFile, notes: Notes) -> None:
    """Give up, as well as possible, what this request has begun for a target and will never complete."""
    begun = notes.begun() if target.protocol in S3 else []
    if begun:
        with suppress(Exception):
            _abort(S3Object(target), notes, begun)


def _abort(target: S3Object, notes: Notes, uploads: list[str]) -> None:
    for each in uploads:
        with suppress(Exception):
            # It may have been ended by whoever shared it.
            with suppress(FileNotFoundError):
                target.abort(each)
            notes.drop(each)
