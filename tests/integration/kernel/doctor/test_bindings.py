"""RabbitMQ's routes are read from its management interface, where there is one."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

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
from tests.integration.kernel.doctor.management import answering, virtual_host
from tests.integration.kernel.doctor.operator_tools import Operator

pytestmark = [pytest.mark.rabbitmq, pytest.mark.usefixtures("operator")]

_SHARED = topology.shared_topology()
#: Those of a broker where all tenants share one queue of requests.
_ROUTES = [route for route in _SHARED.bindings if not route.when]


@pytest.fixture(autouse=True)
def _declared(operator: Operator) -> None:
    address = BrokerAddress(url=operator.url)
    RabbitSource(address=address, queues=[], topology=_SHARED, limits=BulkLimits()).close()


def _management(operator: Operator, answers: Mapping[str, Any]) -> AbstractContextManager[str]:
    """Stand in for the management interface: each exchange's routes, 404 for any other."""
    host = virtual_host(operator.url)
    return answering(
        {f"/api/exchanges/{host}/{exchange}/bindings/source": rows for exchange, rows in answers.items()}
    )


def _rows() -> dict[str, list[dict[str, Any]]]:
    """Return what RabbitMQ 3.10 tells of our routes, and one from an exchange to another."""
    rows: dict[str, list[dict[str, Any]]] = {exchange.name: [] for exchange in _SHARED.exchanges}
    for route in _ROUTES:
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
    assert (finding.outcome, finding.found) == (Outcome.OK, f"{len(_ROUTES)} routes are there")


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
