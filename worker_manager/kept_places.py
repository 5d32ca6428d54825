"""Places that tenants gave back a moment ago, as one manager remembers them. No database."""

from collections import defaultdict, deque
from datetime import datetime


class KeptPlaces:
    """Until when each place is kept for the tenant that gave it back, by worker type and tenant."""

    def __init__(self) -> None:
        self._until: defaultdict[str, dict[int, deque[datetime]]] = defaultdict(dict)

    def of(self, *, worker_type: str, at: datetime) -> dict[int, int]:
        """Return how many places of a worker type are kept for each tenant; what is over is forgotten."""
        tenants = self._until[worker_type]
        for tenant, ends in list(tenants.items()):
            while ends and ends[0] < at:
                ends.popleft()
            if not ends:
                del tenants[tenant]
        return {tenant: len(ends) for tenant, ends in tenants.items()}

    def keep(self, *, worker_type: str, tenant: int, count: int, until: datetime) -> None:
        """Keep places that a tenant gives back."""
        self._until[worker_type].setdefault(tenant, deque()).extend([until] * count)

    def take(self, *, worker_type: str, tenant: int, count: int) -> None:
        """Note that a tenant has come back for places, for as many of them as are kept."""
        ends = self._until[worker_type].get(tenant, deque())
        for _ in range(min(count, len(ends))):
            ends.popleft()
