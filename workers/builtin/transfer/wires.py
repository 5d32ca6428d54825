"""How files are written, read and named by SFTP and by FTP, where fsspec offers too little."""

import ftplib
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from typing import Any, Protocol

from workers.builtin.transfer.at_target import exists
from workers.builtin.transfer.remote import RemoteFile
from workers.builtin.transfer.sink import StartAgain
from workers.builtin.transfer.source import PIECE, opened


class Wire(Protocol):
    """What both can do."""

    def open(self, path: str, *, at: int) -> Any:
        """Return a stream that writes from ``at`` on, where the file has as many bytes; a new file at 0.

        Raises:
            StartAgain: the server only writes files from their start.
        """

    def read(self, path: str, *, at: int) -> AbstractContextManager[Iterator[bytes]]:
        """Yield the pieces of a file from ``at`` on; nothing can be written meanwhile."""

    def take_over(self, path: str, new: str) -> bool:
        """Give a file another name; tell whether it was still there."""

    def claim(self, path: str) -> None:
        """Give a file the name of the target.

        Raises:
            FileExistsError: another file has it.
        """


def wire_of(target: RemoteFile, *, field: str) -> Wire:
    """Return the wire to the server of a target."""
    return _Ftp(target, field=field) if target.protocol == "ftp" else _Sftp(target, field=field)


class _Sftp:
    def __init__(self, target: RemoteFile, *, field: str) -> None:
        self._files = target.filesystem
        self._target = target
        self._field = field

    def open(self, path: str, *, at: int) -> Any:
        stream = self._files.open(path, "r+b" if at else "wb")
        stream.seek(at)
        return stream

    @contextmanager
    def read(self, path: str, *, at: int) -> Iterator[Iterator[bytes]]:
        with opened(replace(self._target, path=path), at=at, field=self._field) as (_, pieces):
            yield pieces

    def take_over(self, path: str, new: str) -> bool:
        try:
            self._files.mv(path, new)
        except FileNotFoundError:
            return False
        return True

    def claim(self, path: str) -> None:
        try:
            # Unlike `mv`, the server itself refuses to replace a file that appears in the same moment.
            self._files.ftp.rename(path, self._target.path)
        except OSError as error:
            if exists(self._target, field=self._field):
                raise FileExistsError(self._target.path) from error
            raise


class _Ftp:
    def __init__(self, target: RemoteFile, *, field: str) -> None:
        self._files = target.filesystem
        self._target = target
        self._field = field

    def open(self, path: str, *, at: int) -> Any:
        try:
            return _Upload(self._files.ftp, f"STOR {path}", at=at)
        except ftplib.Error as error:
            if at:
                raise StartAgain from error
            raise

    @contextmanager
    def read(self, path: str, *, at: int) -> Iterator[Iterator[bytes]]:
        with closing(_Download(self._files.ftp, f"RETR {path}", at=at)) as download:
            yield download.pieces()

    def take_over(self, path: str, new: str) -> bool:
        try:
            self._files.mv(path, new)
        except ftplib.error_perm:
            return False
        return True

    def claim(self, path: str) -> None:
        # FTP knows no condition: between these two another file may still appear.
        if exists(self._target, field=self._field):
            raise FileExistsError(self._target.path)
        self._files.mv(path, self._target.path)


class _Data:
    """One command with a data connection.

    fsspec has one for each piece, and breaks off those by which it reads: what the server says of that may
    come late, and would be taken for the answer to the next command.
    """

    def __init__(self, connection: ftplib.FTP, command: str, *, at: int) -> None:
        self._connection = connection
        connection.voidcmd("TYPE I")
        self._data = connection.transfercmd(command, rest=at or None)
        self._ended = False

    def _end(self) -> None:
        self._ended = True
        self._data.close()
        self._connection.voidresp()


class _Upload(_Data):
    def write(self, piece: bytes) -> None:
        # Not by `sendall`: its time-out is that of the whole piece, however well it moves.
        left = memoryview(piece)
        while left:
            left = left[self._data.send(left) :]

    def close(self) -> None:
        """End the file.

        Raises:
            ftplib.Error: the server has not stored it.
        """
        self._end()


class _Download(_Data):
    def pieces(self) -> Iterator[bytes]:
        while piece := self._piece():
            yield piece
        # Only here the server tells whether that was all.
        self._end()

    def _piece(self) -> bytes:
        read = bytearray()
        while len(read) < PIECE and (more := self._data.recv(PIECE - len(read))):
            read += more
        return bytes(read)

    def close(self) -> None:
        """End reading, wherever it is."""
        if not self._ended:
            with suppress(ftplib.Error):
                self._end()
