"""Answers of workers."""

from collections.abc import Sequence

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import BatchConsumer, Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from worker_manager.services.answers import apply_answers
from workers.contract.work_answer import WorkAnswer


class WorkerAnswerConsumer(BatchConsumer[WorkAnswer]):
    """Reads the queue of answers (Q2)."""

    queue = topology.answers()

    def decode(self, message: Inbound) -> WorkAnswer:
        """Read one answer."""
        return WorkAnswer.from_wire(
            headers=message.headers, body=message.body, correlation_id=message.correlation_id
        )

    def handle(self, items: Sequence[WorkAnswer]) -> list[Refusal]:
        """Move the requests that were answered."""
        dropped = apply_answers(answers=items, at=clock.now())
        return [Refusal(index=d.position, reason=d.reason, code="ANSWER_DROPPED") for d in dropped]


class FencedAnswerConsumer(WorkerAnswerConsumer):
    """Reads the queue where our own workers answer fenced dispatches."""

    queue = topology.fenced_answers()
