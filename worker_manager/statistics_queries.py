"""What statistics are made of, read from the end of the history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from regards_processing.kernel.db.reads import select
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import FinishedRequest

#: The index begins with the tenant: of each the newest are read, and of these the newest of all.
_OF_ALL: Final = (
    "SELECT latest.finished_at, latest.trail FROM regards_tenant AS tenant CROSS JOIN LATERAL ("
    "SELECT finished_at, trail FROM workermanager_finished_request "
    "WHERE tenant_id = tenant.id AND finished_at >= %s AND finished_at <= %s "
    "ORDER BY tenant_id DESC, finished_at DESC LIMIT %s) AS latest ORDER BY latest.finished_at DESC LIMIT %s"
)


def finished_trails(
    *, tenant: Tenant | None, since: datetime, until: datetime, most: int
) -> Sequence[tuple[datetime, str]]:
    """Return end and trail of requests that ended in a while, newest first, of a tenant or of all."""
    if tenant is None and connection.vendor == "postgresql":
        return select(_OF_ALL, [since, until, most, most])
    ended = FinishedRequest.objects.within_reach(tenant).filter(
        finished_at__gte=since, finished_at__lte=until
    )
    return list(ended.order_by("-finished_at").values_list("finished_at", "trail")[:most])
