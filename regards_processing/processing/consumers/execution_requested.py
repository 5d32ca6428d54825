"""Orders of executions."""

from collections.abc import Sequence

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from regards_processing.kernel.rest.services import RS_PROCESSING
from regards_processing.processing.events.execution_requested import ExecutionRequested
from regards_processing.processing.services.executions import order_executions
from workers.contract import headers as header


class ExecutionRequestedConsumer(NotifyingConsumer[ExecutionRequested]):
    """Reads the queue of `PExecutionRequestEvent`."""

    queue = topology.execution_requests()
    sender = RS_PROCESSING.name

    def decode(self, message: Inbound) -> ExecutionRequested:
        """Read one order."""
        return ExecutionRequested.from_wire(
            headers=message.headers,
            body=message.body,
            redelivered=message.redelivered or header.REPLAYED in message.headers,
        )

    def handle(self, items: Sequence[ExecutionRequested]) -> list[Refusal]:
        """Order the executions."""
        dropped = order_executions(orders=items, at=clock.now())
        return [Refusal(index=d.position, reason=d.reason, code="UNKNOWN_BATCH") for d in dropped]
