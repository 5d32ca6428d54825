"""A stand-in for RabbitMQ's management interface."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit


@contextmanager
def answering(answers: Mapping[str, Any]) -> Iterator[str]:
    """Answer these paths, whatever their query, and 404 to any other; give the address with its account."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            allowed = self.headers["Authorization"] == "Basic YWRhOndvcmQ="
            self.send_response((200 if path in answers else 404) if allowed else 401)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(path, {"error": "?"})).encode())

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
