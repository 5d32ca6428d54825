"""Look at how requests reach their queues, where each tenant has one of its own."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.inspection import Inspector
from regards_processing.kernel.amqp.inspectors import inspecting
from regards_processing.kernel.amqp.topology import BindingSpec
from regards_processing.kernel.doctor.findings import Finding, failed, ok, skipped
from regards_processing.kernel.doctor.topology import binding_findings, exchange_findings, queue_findings
from regards_processing.kernel.tenancy.queries import every_tenant

_SWITCH: Final = "manage.py request_queues tenant"
_TO_BE_SORTED: Final = BindingSpec(queue=topology.SORTED_REQUESTS, exchange=topology.REQUEST_EXCHANGE)
_TOGETHER: Final = BindingSpec(queue=topology.REQUEST_QUEUE, exchange=topology.REQUEST_EXCHANGE)


def request_queues(_at: datetime) -> Iterator[Finding]:
    """Compare the queues of tenants' requests, and the way to them, with ours."""
    sorting = topology.sorting_topology()
    with inspecting() as inspector:
        if inspector.exchange(sorting.exchanges[-1]) is None:
            yield ok("All tenants share one queue of requests")
            return
        yield from exchange_findings(inspector, sorting.exchanges)
        yield from _ways(inspector)
        tenants = [each.name for each in every_tenant() if _can_have_own(each.name)]
        yield from queue_findings(inspector, [topology.requests_of(tenant) for tenant in tenants])
        routes = [route for tenant in tenants for route in topology.sorted_topology(tenant).bindings]
        yield from binding_findings(inspector, routes)


def _can_have_own(tenant: str) -> bool:
    return topology.is_possible(topology.requests_of(tenant))


def _ways(inspector: Inspector) -> Iterator[Finding]:
    known = inspector.bindings(topology.REQUEST_EXCHANGE)
    if known is None:
        yield skipped(
            "AMQP does not tell whether requests are sorted on one way only",
            advice="Set BROKER_MANAGEMENT_URL, and RabbitMQ's management interface is asked.",
        )
        return
    if _TO_BE_SORTED not in known:
        yield failed(
            f"Requests do not reach {topology.SORTED_REQUESTS}, nor any queue of a tenant",
            advice=_SWITCH,
            exchange=topology.SORTED_REQUESTS,
        )
    if _TOGETHER in known:
        yield failed(
            f"Requests of tenants with a queue of their own reach {topology.REQUEST_QUEUE} as well: each of "
            "them comes twice, and the second one is refused",
            advice=f"{_SWITCH}\nA manager of an older release, or of REGARDS, binds that queue whenever it "
            "connects: stop it.",
            queue=topology.REQUEST_QUEUE,
        )
