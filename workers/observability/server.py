"""The port on which a process without a web server of its own answers probes."""

import logging
import os
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Final

from workers.observability.answers import Answer, Probed, answer, not_found

#: Seconds that a caller has to send its request.
_PATIENCE: Final = 5.0

log: Final = logging.getLogger(__name__)


class PortTaken(Exception):
    """The port for probes cannot be used."""


class ProbeServer:
    """Answers probes in threads of their own, next to the work of the process."""

    def __init__(self, *, probed: Probed, host: str, port: int) -> None:
        """Take the port.

        Raises:
            PortTaken: somebody else has it, or the address is none of this machine.
        """
        try:
            self._server = _server(probed, host, port)
        except OSError as error:
            raise PortTaken(f"Probes cannot be answered on {host} port {port}: {error.strerror}") from error
        # A child that outlives this process must not keep its port.
        os.register_at_fork(after_in_child=self._server.socket.close)

    @property
    def port(self) -> int:
        """The port that was taken."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer from now on, until the process ends or `stop` is called."""
        threading.Thread(target=self._server.serve_forever, name="probes", daemon=True).start()
        log.info("probes are answered", extra={"action": "probes.started", "port": self.port})

    def stop(self) -> None:
        """Give the port back."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    probed: Probed

    def server_bind(self) -> None:
        """Take the port; the library would also ask the name service who we are, which may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (the signature is the library's)
        """Log what the library would print."""
        log.exception("probe failed", extra={"action": "probes.failed"})  # noqa: LOG004 (the library is handling one)


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE
    server: _Server

    def do_GET(self) -> None:
        """Answer a probe."""
        path = self.path.partition("?")[0]
        try:
            found = answer(self.server.probed, path=path, authorization=self.headers.get("Authorization"))
        except Exception:
            log.exception("probe failed", extra={"action": "probes.failed", "path": path})
            found = Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR, body=b"{}")
        self._send(found or not_found())

    def do_HEAD(self) -> None:
        """Answer a probe without its body."""
        self.do_GET()

    def version_string(self) -> str:
        """Say nothing about the software."""
        return "probes"

    def log_message(self, *_arguments: object) -> None:
        """Write nothing: probes come every few seconds."""

    def _send(self, found: Answer) -> None:
        self.send_response(found.status)
        self.send_header("Content-Type", found.content_type)
        self.send_header("Content-Length", str(len(found.body)))
        if found.status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found.body)


def _server(probed: Probed, host: str, port: int) -> _Server:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server_class = type("_BoundServer", (_Server,), {"address_family": family, "probed": probed})
    bound: _Server = server_class((host, port), _Handler)
    return bound
