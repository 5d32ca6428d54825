"""Heartbeats of workers."""

from collections.abc import Sequence

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from worker_manager.services.liveness import record_heartbeats
from workers.contract.heartbeat import WorkerHeartbeat


class WorkerHeartbeatConsumer(NotifyingConsumer[WorkerHeartbeat]):
    """Reads the heartbeat queue of this manager (Q5)."""

    def __init__(self, *, instance_id: str) -> None:
        """Name the manager instance whose queue is read."""
        self.queue = topology.heartbeats(instance_id)

    def decode(self, message: Inbound) -> WorkerHeartbeat:
        """Read one heartbeat."""
        return WorkerHeartbeat.from_wire(headers=message.headers, body=message.body)

    def handle(self, items: Sequence[WorkerHeartbeat]) -> list[Refusal]:
        """Store who is alive, and take up what waited for them."""
        dropped = record_heartbeats(beats=items, at=clock.now())
        return [Refusal(index=d.position, reason=d.reason, code="HEARTBEAT_DROPPED") for d in dropped]
