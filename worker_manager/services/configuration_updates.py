"""Tell managers that a configuration has changed, and hear of it.

Our managers read the configuration with each bulk, so they need not be told; managers of the reference that
share the broker keep it in memory until they are.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from regards_processing.kernel.db.transactions import after_commit
from regards_processing.kernel.outbox.services import publish_after_commit
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import counters
from worker_manager.events.configuration_updated import ConfigurationUpdated

log = logging.getLogger(__name__)


def announce(*, tenant: Tenant, at: datetime) -> None:
    """Publish that worker types or workflows of a tenant changed; needs the transaction that changes them."""
    publish_after_commit(messages=[ConfigurationUpdated(tenant=tenant.name).to_message()], at=at)


def hear(*, updates: Sequence[ConfigurationUpdated]) -> None:
    """Note that configurations were changed; nothing else is to be done."""
    tenants = [update.tenant for update in updates]
    log.info(
        "configurations updated", extra={"action": "configuration.heard", "tenants": sorted(set(tenants))}
    )
    after_commit(lambda: counters.configuration_heard(updates=len(tenants)))
