"""Where a request stands in flow control: whether it would go now."""

from dataclasses import dataclass

from worker_manager import flow_queries
from worker_manager.fair_share import shares
from worker_manager.models import Request
from worker_manager.queries import LiveTypes
from worker_manager.services import dispatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the places of a worker type mean for one request."""

    limit: int
    in_flight: int
    #: There is a place, and nobody goes before.
    goes: bool


def standing(*, request: Request, worker_type: str, live: LiveTypes) -> Standing | None:
    """Return how a request stands that is not in flight; nothing where there is no limit.

    At most four statements, none of which reads more than there are places.
    """
    limit = live[worker_type].limit if worker_type in live else None
    if limit is None:
        return None
    load = flow_queries.load_of(worker_types=[worker_type])
    in_flight = {tenant: count for (_, tenant), count in load.in_flight.items()}
    taken = sum(in_flight.values())
    free = limit - taken
    goes = free > 0 and (worker_type not in load.holding or _goes(request, worker_type, in_flight, free))
    return Standing(limit=limit, in_flight=taken, goes=goes)


def _goes(request: Request, worker_type: str, in_flight: dict[int, int], free: int) -> bool:
    """Share the free places out, as `flow.admit` does, and see whether the request gets one."""
    groups = flow_queries.held_groups(worker_types=[worker_type])
    waiting = flow_queries.held_counts(groups=groups, most=free)
    waiting[request.tenant_id] += not dispatch.is_held(request)
    share = shares(free=free, in_flight=in_flight, supply=waiting)[request.tenant_id]
    return flow_queries.held_ahead(request=request, groups=groups, most=share) < share
