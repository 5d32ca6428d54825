"""A small SFTP server over a folder, that breaks off or falls silent when it is told to."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_FAILURE, SFTP_OK

USER, PASSWORD = "me", "sesame"


@dataclass
class SftpServer:
    """What is served, and by which rules."""

    folder: Path
    port: int
    key: paramiko.PKey
    #: Bytes that may be read or written until every connection ends, below 0 in the middle of the password;
    #: ``None``: any number.
    breaks_after: int | None = None
    #: Whether it says that it has written what it has not.
    loses: bool = False
    #: Where it stores another byte than the one that came; ``None``: nowhere.
    damages: int | None = None
    #: Whether it fails to say what lies at a path.
    mute: bool = False
    #: Where it stops and says nothing more, by what it would do then; ``None``: nowhere. It takes what comes.
    silent_at: str | None = None
    #: Seconds after which it goes on; ``None``: never.
    silent_for: float | None = None
    #: It goes on at once.
    speaks_again: threading.Event = field(default_factory=threading.Event)
    #: Where reading began, for each file that was opened to be read.
    read_from: list[int] = field(default_factory=list)
    #: Bytes that came.
    written: int = 0
    transports: list[paramiko.Transport] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return the URL with user name and password."""
        return f"sftp://{USER}:{PASSWORD}@127.0.0.1:{self.port}"

    @property
    def known(self) -> str:
        """Return the line that a file of known hosts needs."""
        return f"[127.0.0.1]:{self.port} {self.key.get_name()} {self.key.get_base64()}\n"

    def begin(self, what: str) -> None:
        """Take note of what is about to be done."""
        if what == self.silent_at:
            self.speaks_again.wait(self.silent_for)

    def count(self, size: int) -> None:
        """Take note of bytes that are about to go or come; end the connections when they are too many."""
        if self.breaks_after is None:
            return
        self.breaks_after -= size
        if self.breaks_after < 0:
            for transport in self.transports:
                transport.close()


class _Door(paramiko.ServerInterface):
    def __init__(self, served: SftpServer) -> None:
        self._served = served

    def check_auth_password(self, username: str, password: str) -> int:
        self._served.begin("password")
        self._served.count(0)
        right = (username, password) == (USER, PASSWORD)
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 (paramiko's signature)
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 (likewise)
        self._served.begin("channel")
        return OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        self._served.begin("subsystem")
        return super().check_channel_subsystem_request(channel, name)


class _Handle(paramiko.SFTPHandle):
    """An open file."""

    served: SftpServer
    readfile: Any
    writefile: Any
    begun = False

    def read(self, offset: int, length: int) -> Any:
        if not self.begun:
            self.begun = True
            self.served.read_from.append(offset)
        self.served.count(length)
        return super().read(offset, length)

    def write(self, offset: int, data: Any) -> int:
        self.served.begin("write")
        self.served.count(len(data))
        self.served.written += len(data)
        return SFTP_OK if self.served.loses else super().write(offset, self._stored(offset, data))

    def close(self) -> None:
        self.served.begin("close")
        super().close()

    def _stored(self, offset: int, data: bytes) -> bytes:
        at = -1 if self.served.damages is None else self.served.damages - offset
        if 0 <= at < len(data):
            return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        return data

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, server: paramiko.ServerInterface, *, served: SftpServer) -> None:
        super().__init__(server)
        self._served = served

    def _local(self, path: str) -> Path:
        return self._served.folder / path.lstrip("/")

    def stat(self, path: str) -> Any:
        self._served.begin("stat")
        if self._served.mute:
            return SFTP_FAILURE
        try:
            return paramiko.SFTPAttributes.from_stat(self._local(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:  # noqa: ARG002 (likewise)
        try:
            number = os.open(self._local(path), flags, 0o644)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        handle = _Handle(flags)
        handle.served = self._served
        handle.readfile = handle.writefile = os.fdopen(number, "r+b" if flags & os.O_RDWR else _mode(flags))
        return handle

    def list_folder(self, path: str) -> Any:
        return [
            paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name)
            for entry in self._local(path).iterdir()
        ]

    def remove(self, path: str) -> int:
        return _done(self._local(path).unlink)

    def rename(self, oldpath: str, newpath: str) -> int:
        self._served.begin("rename")
        # As OpenSSH does it: what is there is not replaced.
        linked = _done(lambda: self._local(newpath).hardlink_to(self._local(oldpath)))
        return linked if linked != SFTP_OK else self.remove(oldpath)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return _done(lambda: self._local(oldpath).replace(self._local(newpath)))

    def mkdir(self, path: str, attr: Any) -> int:  # noqa: ARG002 (likewise)
        return _done(self._local(path).mkdir)


def _mode(flags: int) -> str:
    return "wb" if flags & os.O_WRONLY else "rb"


def _done(action: Any) -> int:
    try:
        action()
    except OSError as error:
        return paramiko.SFTPServer.convert_errno(error.errno or 0)
    return SFTP_OK


@contextmanager
def serving_sftp(folder: Path) -> Iterator[SftpServer]:
    """Serve a folder until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served = SftpServer(folder=folder, port=listening.getsockname()[1], key=paramiko.ECDSAKey.generate())
        thread = threading.Thread(target=_accept, args=(listening, served))
        thread.start()
        try:
            yield served
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            served.speaks_again.set()
            for transport in served.transports:
                transport.close()


def _accept(listening: socket.socket, served: SftpServer) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(connection)
        served.transports.append(transport)
        transport.add_server_key(served.key)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, served=served)
        transport.start_server(event=threading.Event(), server=_Door(served))
