"""What a kind of server must be able to do so that files can be sent to it."""

from dataclasses import dataclass
from typing import Protocol

from workers.builtin.transfer.notes import Notes
from workers.builtin.transfer.remote import RemoteFile
from workers.builtin.transfer.source import Version
from workers.builtin.transfer.terms import Transferred, Watch, WrongFile


class StartAgain(Exception):
    """What an earlier attempt has left was of no use after all, and the pieces before are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A file on its way to another server."""

    target: RemoteFile
    #: Of the source.
    version: Version
    #: The most that a file may have.
    max_bytes: int
    overwrite: bool
    #: Whether what an earlier attempt has sent may be used.
    resume: bool
    #: Whether a file is read back from a server that computes no digest.
    read_back: bool
    #: Of the answer, by its name in :mod:`hashlib`.
    algorithm: str
    watch: Watch
    notes: Notes
    #: Of the target, for messages.
    field: str

    def wrong(self, *, arrived: str, sent: str, algorithm: str) -> WrongFile:
        """Return the error that tells of a file whose digest is not that of what was sent."""
        return WrongFile(f"{self.target.shown} has the {algorithm} {arrived} after {sent} was sent")


class Sink(Protocol):
    """Takes a file piece by piece; it becomes the target when it is finished, and not before."""

    #: Bytes that an earlier attempt had sent, and that were not sent again.
    resumed_at: int

    def write(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            StartAgain: it is not what was left here, but the pieces before it were.
        """

    def finish(self, copied: Transferred) -> None:
        """Verify what has arrived, and make it the target.

        Raises:
            WrongFile: it is not what was sent; it does not stay at the target.
            RetryLater: it is not all there, or another file has appeared meanwhile.
        """

    def leave(self) -> None:
        """Break off; what has arrived stays for the next attempt, where that is of use."""

    def discard(self) -> None:
        """Break off, and remove what has arrived as well as possible."""
