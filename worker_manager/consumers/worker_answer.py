"""Answers of workers."""

from collections.abc import Sequence

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.answer_parts import answer_parts
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.inbox.services import fingerprint
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from worker_manager.answer_rules import named_dispatch
from worker_manager.events.nameless_answer import NamelessAnswer
from worker_manager.kept_places import KeptPlaces
from worker_manager.services.answers import apply_answers
from workers.contract import headers as header
from workers.contract.work_answer import WorkAnswer


class WorkerAnswerConsumer(NotifyingConsumer[WorkAnswer]):
    """Reads the queue of answers (Q2)."""

    queue = topology.answers()

    def __init__(self, *, kept: KeptPlaces | None = None) -> None:
        """Share what the manager remembers of places that were given back."""
        self._kept = kept

    def decode(self, message: Inbound) -> WorkAnswer:
        """Read one answer."""
        answer = WorkAnswer.from_wire(
            headers=message.headers, body=message.body, correlation_id=message.correlation_id
        )
        if named_dispatch(answer.dispatch_id):
            return answer
        told = (answer.tenant, answer.request_id, answer.dispatch_id)
        return NamelessAnswer.of(
            answer,
            fingerprint=fingerprint(message, also=told),
            again=message.redelivered or header.REPLAYED in message.headers,
        )

    def handle(self, items: Sequence[WorkAnswer]) -> list[Refusal]:
        """Move the requests that were answered."""
        dropped = apply_answers(answers=items, at=clock.now(), kept=self._kept)
        return [Refusal(index=d.position, reason=d.reason, code="ANSWER_DROPPED") for d in dropped]


class FencedAnswerConsumer(WorkerAnswerConsumer):
    """Reads the queue where our own workers answer fenced dispatches, several in one message."""

    queue = topology.fenced_answers()

    def parts(self, message: Inbound) -> Sequence[Inbound]:
        """Return each answer of a bulk as if it had come by itself."""
        return answer_parts(message)
