"""Requests of clients."""

from collections.abc import Sequence

from django.conf import settings

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.topology import Topology
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.kept_places import KeptPlaces
from worker_manager.services.submission import submit_requests
from workers.contract import headers as header


class RequestSubmittedConsumer(NotifyingConsumer[RequestSubmitted]):
    """Reads Q1, or the queue of one tenant's requests."""

    home = topology.requests()

    def __init__(self, *, kept: KeptPlaces | None = None, tenant: str | None = None) -> None:
        """Name the tenant whose queue is read; without, it is the queue of all."""
        self._kept = kept
        self.queue = topology.requests_of(tenant) if tenant else topology.requests()
        self.topology = topology.sorted_topology(tenant) if tenant else Topology()

    def decode(self, message: Inbound) -> RequestSubmitted:
        """Read one request."""
        return RequestSubmitted.from_wire(
            headers=message.headers,
            body=message.body,
            redelivered=message.redelivered or header.REPLAYED in message.headers,
            priority=message.properties.get("priority"),
        )

    def handle(self, items: Sequence[RequestSubmitted]) -> list[Refusal]:
        """Take the requests in."""
        report = submit_requests(
            submissions=items, at=clock.now(), max_bytes=settings.MESSAGE_MAX_BYTES, kept=self._kept
        )
        return [Refusal(index=d.position, reason=d.reason, code="REQUEST_REFUSED") for d in report.unanswered]
