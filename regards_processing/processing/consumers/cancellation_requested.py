"""Executions and batches that somebody does not want any more."""

from collections.abc import Sequence

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from regards_processing.kernel.rest.services import RS_PROCESSING
from regards_processing.processing.events.cancellation_requested import CancellationRequested
from regards_processing.processing.services.cancellation_events import cancel_requested


class CancellationRequestedConsumer(NotifyingConsumer[CancellationRequested]):
    """Reads our queue of cancellations."""

    queue = topology.execution_cancellations()
    sender = RS_PROCESSING.name

    def decode(self, message: Inbound) -> CancellationRequested:
        """Read one event."""
        return CancellationRequested.from_wire(headers=message.headers, body=message.body)

    def handle(self, items: Sequence[CancellationRequested]) -> list[Refusal]:
        """Cancel what they name."""
        dropped = cancel_requested(requested=items, at=clock.now())
        return [Refusal(index=d.position, reason=d.reason, code="UNKNOWN_BATCH") for d in dropped]
