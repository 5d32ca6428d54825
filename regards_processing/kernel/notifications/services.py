"""Tell operators of messages that could not be handled."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.conf import settings

from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.failures import Failure
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.notifications.batch_failed import BatchFailed
from regards_processing.kernel.outbox.services import publish_after_commit
from regards_processing.kernel.tenancy.models import Tenant
from workers.contract import headers as header

#: Who is told of messages that name no tenant.
INSTANCE: Final = "instance"


@transaction
def notify_failures(*, failures: Sequence[Failure], sender: str, queue: str, at: datetime) -> None:
    """Publish one event for each tenant whose messages are among the failures of a bulk.

    Nobody is told of messages of a tenant that is not active here: any number of names can be made up.
    """
    told = {INSTANCE, *Tenant.objects.active().values_list("name", flat=True)}
    by_tenant: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        by_tenant[_tenant(failure.message)].append(failure)
    events = [
        BatchFailed(
            tenant=tenant,
            sender=sender,
            queue=queue,
            failures=group,
            excerpt=settings.NOTIFICATION_EXCERPT,
            for_instance=tenant == INSTANCE and bool(settings.INSTANCE_BROKER_URL),
        )
        for tenant, group in by_tenant.items()
        if tenant in told
    ]
    publish_after_commit(messages=[event.to_message() for event in events], at=at)


def _tenant(message: Inbound) -> str:
    name = message.headers.get(header.TENANT)
    return name if isinstance(name, str) and name else INSTANCE
