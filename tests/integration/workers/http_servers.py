"""Small HTTP servers that stand in for those that a fleet fetches from."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What is answered to a path."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    """Answers each path with its answers in turn, the last of them again and again; any other with 404."""

    answers: dict[str, list[Answer]]
    address: str = ""
    #: Path and headers of what came, queries included.
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str) -> Answer:
        """Return what comes next for a path."""
        left = self.answers.get(path.partition("?")[0], [Answer(status=404)])
        return left.pop(0) if len(left) > 1 else left[0]


@dataclass
class Stalled:
    """Answers with the first byte of a file, and says nothing more."""

    address: str = ""
    #: That byte is on its way.
    begun: threading.Event = field(default_factory=threading.Event)
    #: Whoever asked has gone.
    left: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(answers: dict[str, list[Answer]]) -> Iterator[Server]:
    """Serve until the end of the block."""
    described = Server(answers)
    with _listening(_handler(described)) as described.address:
        yield described


@contextmanager
def stalling() -> Iterator[Stalled]:
    """Keep whoever asks waiting, until the end of the block."""
    described = Stalled()
    with _listening(_stalled_handler(described)) as described.address:
        yield described


@contextmanager
def _listening(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append((self.path, dict(self.headers.items())))
            answer = server.answer(self.path)
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body if self.command == "GET" else b"")

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments: Any) -> None:
            """Write nothing."""

    return Handler


def _stalled_handler(server: Stalled) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(b"a")
            server.begun.set()
            # Nothing more is sent: reading ends when the other side has closed, or was killed.
            with suppress(ConnectionResetError):
                self.connection.recv(1)
            server.left.set()

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Write nothing."""

    return Handler
