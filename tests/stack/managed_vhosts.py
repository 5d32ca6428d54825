"""A stand-in for RabbitMQ's management interface that makes virtual hosts on the server of the session."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from tests.integration.kernel.doctor.management import answering
from tests.stack.vhosts import VhostStock


class Office:
    """Makes each virtual host once, for whoever asks first."""

    def __init__(self, stock: VhostStock) -> None:
        #: What was put, in order: paths and documents.
        self.puts: list[tuple[str, Any]] = []
        #: What it tells: the virtual hosts that it has made.
        self.answers: dict[str, Any] = {}
        #: Its address, with its account.
        self.url = ""
        self._stock = stock
        self._lock = threading.Lock()

    def put(self, path: str, body: Any) -> int:
        """Make the virtual host of a path, with the permissions that are put afterwards."""
        host = path.split("/")[3]
        with self._lock:
            self.puts.append((path, body))
            if f"/api/vhosts/{host}" in self.answers:
                return 204
            self._stock.make([unquote(host)])
            self.answers[f"/api/vhosts/{host}"] = {"name": unquote(host)}
            return 201


@contextmanager
def open_office(broker_url: str) -> Iterator[Office]:
    """Open the interface of a broker; what it made is gone at the end of the block."""
    stock = VhostStock(broker_url)
    office = Office(stock)
    with answering(office.answers, on_put=office.put) as office.url:
        try:
            yield office
        finally:
            stock.remove_all()
