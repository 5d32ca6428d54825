"""The doctor looks at queues of tenants' requests, and at the way to them."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.request_queues import keep_together, sort_by_tenant
from regards_processing.kernel.doctor.broker import bindings
from regards_processing.kernel.doctor.findings import Finding, Outcome
from regards_processing.kernel.doctor.request_queues import request_queues
from tests.factories.audit import NOON
from tests.factories.worker_manager import a_tenant
from tests.integration.kernel.doctor.management import answering, virtual_host
from tests.integration.kernel.doctor.operator_tools import Operator

pytestmark = [pytest.mark.rabbitmq, pytest.mark.django_db]

_OWN = topology.requests_of("demo")


@pytest.fixture
def sorting(operator: Operator) -> Iterator[Operator]:
    """Give a broker that sorts requests, with the queue of one tenant."""
    a_tenant(name="demo")
    a_tenant(name="é" * 100)
    address = BrokerAddress(url=operator.url)
    sort_by_tenant(address=address)
    operator.channel.queue_declare(_OWN.name, durable=True, arguments=_OWN.arguments)
    yield operator
    operator.delete(_OWN.name)
    keep_together(address=address, tenants=["demo", "é" * 100], on_moved=lambda _count: None)


def _failed() -> list[Finding]:
    return [finding for finding in request_queues(NOON) if finding.outcome == Outcome.FAILED]


def _row(source: str, destination: str, **arguments: str) -> dict[str, Any]:
    return {"source": source, "destination": destination, "routing_key": "", "arguments": arguments}


def test_it_says_when_all_share_one_queue(operator: Operator) -> None:  # noqa: ARG001 (its virtual host)
    (finding,) = request_queues(NOON)
    assert (finding.outcome, finding.found) == (Outcome.OK, "All tenants share one queue of requests")


def test_it_says_what_amqp_does_not_tell(sorting: Operator) -> None:
    outcomes = [finding.outcome for finding in request_queues(NOON)]
    assert (outcomes.count(Outcome.SKIPPED), outcomes.count(Outcome.OK)) == (2, 2)
    sorting.delete(_OWN.name)
    sorting.declare(_OWN.name, x_max_priority=9)
    (finding,) = _failed()
    assert finding.facts["queue"] == _OWN.name


def test_it_finds_requests_that_reach_no_queue_or_two(sorting: Operator, settings: Settings) -> None:
    host, client = virtual_host(sorting.url), topology.REQUEST_EXCHANGE
    right = {
        client: [_row(client, topology.SORTED_REQUESTS)],
        topology.SORTED_REQUESTS: [
            _row(topology.SORTED_REQUESTS, _OWN.name, **{"x-match": "all", "regards.tenant": "demo"})
        ],
    }
    wrong = {client: [_row(client, topology.REQUEST_QUEUE)], topology.SORTED_REQUESTS: []}
    found = []
    for routes in (right, wrong):
        answers = {f"/api/exchanges/{host}/{name}/bindings/source": rows for name, rows in routes.items()}
        with answering(answers) as settings.BROKER_MANAGEMENT_URL:
            found.append([finding.found for finding in _failed()])
    assert found[0] == []
    lost, twice, unreached = found[1]
    assert lost == f"Requests do not reach {topology.SORTED_REQUESTS}, nor any queue of a tenant"
    assert twice.startswith("Requests of tenants with a queue of their own reach")
    assert unreached.endswith(f"do not reach {_OWN.name}")


def test_the_way_of_all_is_not_missed_where_requests_are_sorted(
    sorting: Operator, settings: Settings
) -> None:
    """The route to the queue of all leads through the other exchange then."""
    found = [route for route in topology.shared_topology().bindings if not route.unless]
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for route in found:
        rows[route.exchange].append(_row(route.exchange, route.queue) | {"routing_key": route.routing_key})
    host = virtual_host(sorting.url)
    answers = {f"/api/exchanges/{host}/{name}/bindings/source": each for name, each in rows.items()}
    with answering(answers) as settings.BROKER_MANAGEMENT_URL:
        (finding,) = bindings(NOON)
    assert (finding.outcome, finding.found) == (Outcome.OK, f"{len(found)} routes are there")
