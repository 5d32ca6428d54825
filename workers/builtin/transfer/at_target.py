"""What lies at a place on another server: whether there is anything, and which bytes."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from workers.builtin.file_digest import new_digest
from workers.builtin.transfer.failures import is_forever, reaching
from workers.builtin.transfer.remote import RemoteFile
from workers.builtin.transfer.sink import Shipment
from workers.builtin.transfer.source import opened
from workers.builtin.transfer.terms import Transferred, Watch
from workers.sdk import RetryLater


def exists(file: RemoteFile, *, field: str) -> bool:
    """Tell whether a file lies there.

    Raises:
        InvalidContent: it is a folder.
        RetryLater: the server does not answer.
    """
    # Not by the question of the same name: for it, a server that does not answer has no file.
    with reaching(file.url, field=field):
        file.filesystem.invalidate_cache()
        try:
            told = file.filesystem.info(file.path)
        except FileNotFoundError as error:
            if not is_forever(error):
                raise
            return False
        if told.get("type") == "directory":
            raise IsADirectoryError("it is a folder")
        return True


def digested(file: RemoteFile, *, algorithm: str, watch: Watch, field: str) -> tuple[int, str]:
    """Read a file; return its size and its digest in hexadecimal.

    Raises:
        InvalidContent: the file is not there, or may not be read.
        RetryLater: the server does not answer or breaks off.
    """
    with opened(file, at=0, field=field) as (_, pieces):
        return summed(pieces, at=0, algorithm=algorithm, watch=watch)


def summed(pieces: Iterable[bytes], *, at: int, algorithm: str, watch: Watch) -> tuple[int, str]:
    """Return the size of what is read, and its digest in hexadecimal; it begins at ``at`` in its file."""
    digest, size = new_digest(algorithm), 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        watch(at + size)
    return size, digest.hexdigest()


def compare(shipment: Shipment, copied: Transferred, *, remove: Callable[[], object]) -> None:
    """Read back what has appeared at a target, and compare it with what was sent.

    Raises:
        WrongFile: it is something else, and was removed if the server let us.
        RetryLater: it cannot be read now; it stays, as it may well be right.
    """
    try:
        _compare(shipment, copied)
    except RetryLater:
        raise
    except BaseException:
        with suppress(Exception):
            remove()
        raise


def _compare(shipment: Shipment, copied: Transferred) -> None:
    algorithm = shipment.algorithm
    _, checksum = digested(shipment.target, algorithm=algorithm, watch=shipment.watch, field=shipment.field)
    if checksum != copied.checksum:
        raise shipment.wrong(arrived=checksum, sent=copied.checksum, algorithm=algorithm)
