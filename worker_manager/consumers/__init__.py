"""What the manager consumes: one module an event."""

from typing import Any, Final

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.consumers.configuration_updated import ConfigurationUpdatedConsumer
from worker_manager.consumers.dead_letter import DeadLetterConsumer
from worker_manager.consumers.request_submitted import RequestSubmittedConsumer
from worker_manager.consumers.session_count_reported import SessionCountReportedConsumer
from worker_manager.consumers.session_deleted import SessionDeletedConsumer, SourceDeletedConsumer
from worker_manager.consumers.worker_answer import FencedAnswerConsumer, WorkerAnswerConsumer
from worker_manager.consumers.worker_heartbeat import WorkerHeartbeatConsumer
from worker_manager.kept_places import KeptPlaces

#: What this manager remembers; consumers of tenants come and go, and share it with the others.
_KEPT: Final = KeptPlaces()


def consumers(*, instance_id: str) -> list[BatchConsumer[Any]]:
    """Return the consumers of a manager, in the order their bulks are handled.

    Heartbeats first, so that what follows knows who is alive; requests last, so that work in hand goes on.
    """
    return [
        WorkerHeartbeatConsumer(instance_id=instance_id),
        ConfigurationUpdatedConsumer(instance_id=instance_id),
        FencedAnswerConsumer(kept=_KEPT),
        WorkerAnswerConsumer(kept=_KEPT),
        DeadLetterConsumer(kept=_KEPT),
        SessionDeletedConsumer(),
        SourceDeletedConsumer(),
        RequestSubmittedConsumer(kept=_KEPT),
    ]


def consumers_of_tenant(*, tenant: Tenant) -> list[BatchConsumer[Any]]:
    """Return what a manager consumes for one tenant; what waits for an inactive one is read to be refused."""
    consumers: list[BatchConsumer[Any]] = []
    if tenant.own_request_queue:
        consumers.append(RequestSubmittedConsumer(kept=_KEPT, tenant=tenant.name))
    if tenant.active:
        consumers.append(SessionCountReportedConsumer(tenant=tenant.name))
    # Of a tenant with a very long name, requests are in the queue of all; counters the reference has none.
    return [each for each in consumers if topology.is_possible(each.queue)]
