"""Who gets the free places of a worker type. Pure; no database."""

import heapq
from collections.abc import Mapping

#: Tenants by their keys.
Shares = dict[int, int]


def shares(*, free: int, in_flight: Mapping[int, int], supply: Mapping[int, int | None]) -> Shares:
    """Share free places out so that the smallest part is as big as can be (max-min).

    Each place goes to the tenant that has the fewest in flight by then, and still wants one.

    Args:
        free: places to give away.
        in_flight: what each tenant has already.
        supply: what each tenant wants; ``None`` is more than there is.
    """
    given: Shares = dict.fromkeys(supply, 0)
    queue = [(in_flight.get(tenant, 0), tenant) for tenant, wanted in supply.items() if wanted != 0]
    heapq.heapify(queue)
    for _ in range(free):
        if not queue:
            break
        has, tenant = queue[0]
        given[tenant] += 1
        if given[tenant] == supply[tenant]:
            heapq.heappop(queue)
        else:
            heapq.heapreplace(queue, (has + 1, tenant))
    return given
