"""What managers of the reference count for sessions."""

from collections.abc import Sequence

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.inbox.services import fingerprint
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from worker_manager.events.session_count_reported import SessionCountReported
from worker_manager.services.reported_counts import count_reports
from workers.contract import headers as header


class SessionCountReportedConsumer(NotifyingConsumer[SessionCountReported]):
    """Reads the queue of session counters of one tenant (Q9)."""

    def __init__(self, *, tenant: str) -> None:
        """Name the tenant whose queue is read."""
        self._tenant = tenant
        self.queue = topology.session_counts(tenant)
        self.topology = topology.tenant_topology(tenant)

    def decode(self, message: Inbound) -> SessionCountReported:
        """Read one report."""
        return SessionCountReported.from_wire(
            headers=message.headers,
            body=message.body,
            tenant=self._tenant,
            fingerprint=fingerprint(message),
            again=message.redelivered or header.REPLAYED in message.headers,
        )

    def handle(self, items: Sequence[SessionCountReported]) -> list[Refusal]:
        """Count them."""
        dropped = count_reports(reports=items, at=clock.now())
        return [Refusal(index=d.position, reason=d.reason, code="COUNT_REFUSED") for d in dropped]
