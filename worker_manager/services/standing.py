"""Where a request stands in flow control: whether it would go now."""

from dataclasses import dataclass

from worker_manager import flow_queries
from worker_manager.fair_share import shares
from worker_manager.models import Request
from worker_manager.pauses import Pauses
from worker_manager.queries import LiveTypes
from worker_manager.services import dispatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the places of a worker type mean for one request."""

    limit: int
    #: Of its own tenant: what others have is none of its business.
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
    free = limit - sum(in_flight.values())
    goes = free > 0 and (
        worker_type not in load.holding or _goes(request, worker_type, live.pauses, in_flight, free)
    )
    return Standing(limit=limit, in_flight=in_flight.get(request.tenant_id, 0), goes=goes)


def _goes(request: Request, worker_type: str, pauses: Pauses, in_flight: dict[int, int], free: int) -> bool:
    """Share the free places out, as `flow.admit` does, and see whether the request gets one."""
    # Those that are paused go before nobody; the request's own count, for then it is not paused either.
    groups = [
        group
        for group in flow_queries.held_groups(worker_types=[worker_type])
        if (group.tenant_id, group.content_type) == (request.tenant_id, request.content_type)
        or not pauses.stop(
            tenant_id=group.tenant_id, worker_type=worker_type, content_type=group.content_type
        )
    ]
    waiting = flow_queries.held_counts(groups=groups, most=free)
    waiting[request.tenant_id] += not dispatch.is_held(request)
    share = shares(free=free, in_flight=in_flight, supply=waiting).get(request.tenant_id, 0)
    return flow_queries.held_ahead(request=request, groups=groups, most=share) < share
