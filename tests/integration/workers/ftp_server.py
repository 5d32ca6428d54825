"""A real FTP server over a folder, that breaks off, falls silent or damages files when it is told to."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import ThreadedFTPServer

USER, PASSWORD = "me", "secret"


@dataclass
class FtpServer:
    """What is served, and by which rules."""

    folder: Path
    port: int = 0
    #: Bytes that may still come until every connection that stores ends; ``None``: any number.
    breaks_after: int | None = None
    #: Whether it changes the first byte of what comes.
    damages: bool = False
    #: Whether files can only be written from their start.
    refuses_restarts: bool = False
    #: Where it stops and says nothing more: before it would `take` or `give` bytes; ``None``: nowhere.
    silent_at: str | None = None
    #: It goes on also there.
    speaks_again: threading.Event = field(default_factory=threading.Event)
    #: How many more users it turns away before they can give their password.
    turns_away: int = 0
    #: How the answers begin that it keeps to itself; ``None``: it tells all.
    keeps_back: str | None = None
    #: Bytes that came.
    written: int = 0

    @property
    def url(self) -> str:
        """Return the URL with user name and password."""
        return f"ftp://{USER}:{PASSWORD}@127.0.0.1:{self.port}"

    def begin(self, what: str) -> None:
        """Take note of what is about to be done."""
        if what == self.silent_at:
            self.speaks_again.wait()

    def said(self, answer: str) -> str:
        """Return what is said where this would be answered; empty for nothing."""
        if self.turns_away and answer.startswith("331"):
            self.turns_away -= 1
            return "421 Too many users."
        return "" if self.keeps_back and answer.startswith(self.keeps_back) else answer

    def came(self, piece: bytes) -> bytes:
        """Take note of bytes that came; return what is stored.

        Raises:
            ConnectionResetError: they are too many.
        """
        if self.breaks_after is not None:
            self.breaks_after -= len(piece)
            if self.breaks_after < 0:
                raise ConnectionResetError
        damaged = self.damages and self.written == 0
        self.written += len(piece)
        return bytes([piece[0] ^ 1]) + piece[1:] if damaged and piece else piece


@contextmanager
def serving_ftp(folder: Path) -> Iterator[FtpServer]:
    """Serve a new folder until the end of the block."""
    logging.getLogger("pyftpdlib").setLevel(logging.CRITICAL)
    folder.mkdir()
    served = FtpServer(folder=folder)
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, PASSWORD, str(folder), perm="elradfmwMT")

    class Data(DTPHandler):  # type: ignore[misc] # pyftpdlib has no types
        def recv(self, buffer_size: int) -> bytes:
            served.begin("take")
            return served.came(super().recv(buffer_size))

        def send(self, data: bytes) -> int:
            served.begin("give")
            return int(super().send(data))

    class Handler(FTPHandler):  # type: ignore[misc] # likewise
        dtp_handler = Data
        auth_failed_timeout = 0
        # With it no bytes would be given by `send` above.
        use_sendfile = False
        _restart_position: int

        def respond(self, resp: str, *arguments: Any, **options: Any) -> None:
            said = served.said(resp)
            if said:
                super().respond(said, *arguments, **options)

        def ftp_STOR(self, file: str, mode: str = "w") -> Any:  # noqa: N802 (pyftpdlib's name)
            if served.refuses_restarts and self._restart_position:
                self._restart_position = 0
                self.respond("451 Restart not permitted.")
                return None
            return super().ftp_STOR(file, mode)

    Handler.authorizer = authorizer
    serving = ThreadedFTPServer(("127.0.0.1", 0), Handler)
    served.port = serving.address[1]
    thread = threading.Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.speaks_again.set()
        serving.close_all()
        thread.join()
