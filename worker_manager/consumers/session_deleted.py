"""Deletions of sessions and of sources."""

from collections.abc import Sequence
from datetime import datetime

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.notifications.consumer import NotifyingConsumer
from worker_manager.events.session_deleted import SessionsDeleted, sent_before
from worker_manager.services.session_deletion import order_deletions
from workers.contract import headers as header


class SessionDeletedConsumer(NotifyingConsumer[SessionsDeleted]):
    """Reads the deletions of single sessions (Q10)."""

    queue = topology.session_deletions()

    def decode(self, message: Inbound) -> SessionsDeleted:
        """Read one deletion."""
        return SessionsDeleted.of_session(
            headers=message.headers, body=message.body, sent_at=_no_later_than(message)
        )

    def handle(self, items: Sequence[SessionsDeleted]) -> list[Refusal]:
        """Order that the requests are deleted."""
        dropped = order_deletions(deletions=items, at=clock.now())
        return [Refusal(index=d.position, reason=d.reason, code="DELETION_REFUSED") for d in dropped]


class SourceDeletedConsumer(SessionDeletedConsumer):
    """Reads the deletions of sources with all their sessions (Q11)."""

    queue = topology.source_deletions()

    def decode(self, message: Inbound) -> SessionsDeleted:
        """Read one deletion."""
        return SessionsDeleted.of_source(
            headers=message.headers, body=message.body, sent_at=_no_later_than(message)
        )


def _no_later_than(message: Inbound) -> datetime | None:
    """Return when a message was sent, if it may have been handled then."""
    again = message.redelivered or header.REPLAYED in message.headers
    return sent_before(message.properties) if again else None
