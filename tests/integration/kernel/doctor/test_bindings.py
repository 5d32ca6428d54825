"""RabbitMQ's routes are read from its management interface, where there is one."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.management import ManagementUnavailable
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource
from regards_processing.kernel.doctor.broker import bindings
from regards_processing.kernel.doctor.findings import Outcome
from tests.factories.audit import NOON
from tests.integration.kernel.doctor.operator_tools import Operator

pytestmark = [pytest.mark.rabbitmq, pytest.mark.usefixtures("operator")]

_SHARED = topology.shared_topology()


@pytest.fixture(autouse=True)
def _declared(operator: Operator) -> None:
    address = BrokerAddress(url=operator.url)
    RabbitSource(address=address, queues=[], topology=_SHARED, limits=BulkLimits()).close()


@contextmanager
def _management(operator: Operator, answers: Mapping[str, Any]) -> Iterator[str]:
    """Stand in for the management interface: each exchange's routes, 404 for any other."""
    virtual_host = quote(urlsplit(operator.url).path[1:], safe="")
    known = {
        f"/api/exchanges/{virtual_host}/{exchange}/bindings/source": rows
        for exchange, rows in answers.items()
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers["Authorization"] == "Basic YWRhOndvcmQ="
            self.send_response((200 if self.path in known else 404) if allowed else 401)
            self.end_headers()
            self.wfile.write(json.dumps(known.get(self.path, {"error": "?"})).encode())

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://ada:word@127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _rows() -> dict[str, list[dict[str, Any]]]:
    """Return what RabbitMQ 3.10 tells of our routes, and one from an exchange to another."""
    rows: dict[str, list[dict[str, Any]]] = {exchange.name: [] for exchange in _SHARED.exchanges}
    for route in _SHARED.bindings:
        rows[route.exchange].append(_row(route.exchange, route.queue, "queue", route.routing_key))
    rows["regards.DLX"].append(_row("regards.DLX", "somewhere", "exchange", "#"))
    return rows


def _row(source: str, destination: str, kind: str, key: str) -> dict[str, Any]:
    return {
        "source": source,
        "vhost": "/",
        "destination": destination,
        "destination_type": kind,
        "routing_key": key,
        "arguments": {},
        "properties_key": key or "~",
    }


def test_it_says_that_amqp_does_not_tell() -> None:
    (finding,) = bindings(NOON)
    assert (finding.outcome, "BROKER_MANAGEMENT_URL" in finding.advice) == (Outcome.SKIPPED, True)


def test_it_is_content_when_all_routes_are_there(operator: Operator, settings: Settings) -> None:
    with _management(operator, _rows()) as settings.BROKER_MANAGEMENT_URL:
        (finding,) = bindings(NOON)
    assert (finding.outcome, finding.found) == (Outcome.OK, f"{len(_SHARED.bindings)} routes are there")


def test_it_finds_missing_routes(operator: Operator, settings: Settings) -> None:
    rows = _rows()
    del rows[topology.REQUEST_EXCHANGE]
    with _management(operator, rows) as settings.BROKER_MANAGEMENT_URL:
        (finding,) = bindings(NOON)
    assert (finding.outcome, finding.facts["queue"]) == (Outcome.FAILED, topology.REQUEST_QUEUE)


def test_it_says_when_the_interface_does_not_let_it_in(operator: Operator, settings: Settings) -> None:
    with _management(operator, _rows()) as url:
        settings.BROKER_MANAGEMENT_URL = url.replace("word", "wrong")
        with pytest.raises(ManagementUnavailable, match="401") as refusal:
            list(bindings(NOON))
    assert "wrong" not in str(refusal.value)


def test_it_says_when_there_is_no_such_interface(settings: Settings) -> None:
    settings.BROKER_MANAGEMENT_URL = "http://127.0.0.1:1"
    with pytest.raises(ManagementUnavailable, match="refused"):
        list(bindings(NOON))
