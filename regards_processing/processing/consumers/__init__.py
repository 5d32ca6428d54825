"""What processing consumes: one module an event."""

from typing import Any

from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.processing.consumers.cancellation_requested import CancellationRequestedConsumer
from regards_processing.processing.consumers.execution_answered import ExecutionAnsweredConsumer
from regards_processing.processing.consumers.execution_requested import ExecutionRequestedConsumer
from regards_processing.processing.consumers.outputs_downloaded import OutputsDownloadedConsumer


def consumers(*, instance_id: str) -> list[BatchConsumer[Any]]:  # noqa: ARG001 (of every service)
    """Return the consumers, in the order their bulks are handled: ends before beginnings.

    Cancellations come last: what they name may have been ordered just before.
    """
    return [
        ExecutionAnsweredConsumer(),
        OutputsDownloadedConsumer(),
        ExecutionRequestedConsumer(),
        CancellationRequestedConsumer(),
    ]
