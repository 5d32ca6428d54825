"""A client of the REST interface: one connection, one call at a time."""

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any


class UnexpectedAnswer(Exception):
    """The server did not answer 200."""


class Client:
    """Calls one server with one token."""

    def __init__(self, *, port: int, token: str, service: str = "rs-worker-manager") -> None:
        self._port = port
        self._root = f"/api/v1/{service}"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[float, Any]:
        """Return the seconds from the call to its whole answer, and the answer.

        Raises:
            UnexpectedAnswer: the status is not 200.
        """
        text = None if body is None else json.dumps(body)
        started = time.perf_counter()
        self._connection.request(verb, f"{self._root}{path}", text, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - started
        if response.status != http.client.OK:
            raise UnexpectedAnswer(f"{verb} {path}: {response.status} {content[:500]!r}")
        return seconds, json.loads(content) if content else None

    def reachable(self) -> bool:
        """Tell whether the server accepts connections."""
        try:
            self._connection.connect()
        except OSError:
            return False
        return True
