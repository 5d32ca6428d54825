"""Requests that no worker could handle."""

from collections.abc import Sequence

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from worker_manager.events.work_dead_lettered import WorkDeadLettered
from worker_manager.kept_places import KeptPlaces
from worker_manager.services.dead_letters import fail_dead_requests


class DeadLetterConsumer(NotifyingConsumer[WorkDeadLettered]):
    """Reads Q4."""

    queue = topology.request_dead_letters()

    def __init__(self, *, kept: KeptPlaces | None = None) -> None:
        """Share what the manager remembers of places that were given back."""
        self._kept = kept

    def decode(self, message: Inbound) -> WorkDeadLettered:
        """Read one dead letter, in the raw or in the Celery form."""
        return WorkDeadLettered.from_wire(headers=message.headers, message_id=message.message_id)

    def handle(self, items: Sequence[WorkDeadLettered]) -> list[Refusal]:
        """End the requests in ERROR."""
        dropped = fail_dead_requests(dead=items, at=clock.now(), kept=self._kept)
        return [Refusal(index=d.position, reason=d.reason, code="DEAD_LETTER_DROPPED") for d in dropped]
