"""Consumers that tell operators of the messages that they cannot handle."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from regards_processing.kernel import clock
from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.amqp.failures import Failure
from regards_processing.kernel.notifications.services import notify_failures
from regards_processing.kernel.rest.services import RS_WORKER_MANAGER

T = TypeVar("T")


class NotifyingConsumer(BatchConsumer[T]):
    """Handles the messages of one queue; operators hear once of what failed in a bulk, tenant by tenant."""

    #: The service that operators are told by.
    sender: ClassVar[str] = RS_WORKER_MANAGER.name

    def notify(self, failures: Sequence[Failure]) -> None:
        """Publish the notifications."""
        notify_failures(failures=failures, sender=self.sender, queue=self.queue.name, at=clock.now())
