"""What the engine says of the requests that are executions."""

from collections.abc import Sequence

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from regards_processing.kernel.rest.services import RS_PROCESSING
from regards_processing.processing.services.outcomes import apply_responses
from worker_manager.events.request_answered import RequestAnswered


class ExecutionAnsweredConsumer(NotifyingConsumer[RequestAnswered]):
    """Reads the engine's responses to processing."""

    queue = topology.execution_answers()
    sender = RS_PROCESSING.name

    def decode(self, message: Inbound) -> RequestAnswered:
        """Read one response."""
        return RequestAnswered.from_wire(headers=message.headers, body=message.body)

    def handle(self, items: Sequence[RequestAnswered]) -> list[Refusal]:
        """End the executions; responses that come again say nothing new, and are no dead letters."""
        apply_responses(responses=items, at=clock.now())
        return []
