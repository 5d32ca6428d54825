"""A stand-in for RabbitMQ's management interface."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit


def refuse(_path: str, _body: Any) -> int:
    """Answer as where nothing can be put."""
    return HTTPStatus.METHOD_NOT_ALLOWED


@contextmanager
def answering(answers: Mapping[str, Any], *, on_put: Callable[[str, Any], int] = refuse) -> Iterator[str]:
    """Answer these paths, whatever their query, and 404 to any other; give the address with its account.

    ``on_put`` gets path and document of what is put, and returns the status.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            self._answer(200 if path in answers else 404, answers.get(path, {"error": "?"}))

        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(on_put(self.path, body) if self._allowed else 401, {"reason": "?"})

        @property
        def _allowed(self) -> bool:
            return self.headers["Authorization"] == "Basic YWRhOndvcmQ="

        def _answer(self, status: int, document: Any) -> None:
            self.send_response(status if self._allowed else 401)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://ada:word@127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def virtual_host(broker_url: str) -> str:
    """Return the virtual host of a broker as the interface has it in its paths."""
    return quote(unquote(urlsplit(broker_url).path[1:]) or "/", safe="")


def listing(broker_url: str, *queues: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer that lists these queues."""
    return {f"/api/queues/{virtual_host(broker_url)}": list(queues)}


def a_queue(name: str, *, arguments: Mapping[str, Any], **other: Any) -> dict[str, Any]:
    """Return a queue as RabbitMQ 3.10 lists it."""
    plain = {
        "name": name,
        "durable": True,
        "auto_delete": False,
        "arguments": {"x-queue-type": "classic", **arguments},
        "messages_ready": 0,
        "consumers": 1,
        "policy": None,
        "operator_policy": None,
        "effective_policy_definition": [],
    }
    return {**plain, **other}
