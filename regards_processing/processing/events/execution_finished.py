"""What an order service hears of an execution: `PExecutionResultEvent`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.processing.states import ExecutionStatus
from workers.contract import bodies
from workers.contract import headers as names


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFinished:
    """The one result of an execution."""

    tenant: str
    execution_id: UUID
    correlation_id: str
    batch_id: UUID
    batch_correlation_id: str
    process_id: UUID
    process_info: Mapping[str, str]
    status: ExecutionStatus
    message: str
    #: As the contract writes output files.
    outputs: Sequence[Mapping[str, Any]] = ()

    def to_message(self) -> Outbound:
        """Write the event."""
        body = bodies.dump_object(
            {
                "executionId": str(self.execution_id),
                "executionCorrelationId": self.correlation_id,
                "batchId": str(self.batch_id),
                "batchCorrelationId": self.batch_correlation_id,
                "processId": str(self.process_id),
                "processInfo": dict(self.process_info),
                "finalStatus": self.status.value,
                "outputs": list(self.outputs),
                "messages": [self.message],
            }
        )
        headers = {
            names.TENANT: self.tenant,
            names.CONVERTER: topology.CONVERTER,
            names.TYPE: topology.EXECUTION_RESULT_EVENT,
        }
        return Outbound(exchange=topology.EXECUTION_RESULT_EXCHANGE, headers=headers, body=body)
