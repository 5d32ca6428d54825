"""Branches that are held: read in their turn, with the requests that they are of."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from itertools import chain
from typing import Final

from worker_manager import flow_queries
from worker_manager.flow_queries import Group
from worker_manager.models import Request
from worker_manager.services import branch_rows, dispatch
from worker_manager.states import UNDER_WAY

_KNOWN: Final = "their branches were read before"


class HeldBranches:
    """Reads held branches for a bulk.

    It locks their requests: whoever touches a branch has locked its request. Requests that another manager
    has locked are passed over: it dispatches their branches itself.
    """

    def __init__(self, *, known: Collection[int]) -> None:
        """Leave out the requests ``known``, by primary key: the bulk has their branches in its memory."""
        self._known = known
        self._locked: dict[int, Request] = {}

    def read(self, limits: Mapping[Group, int]) -> dict[Group, list[Request]]:
        """Return the next held branches of each group, at most as many as given; three statements, if any."""
        if not any(group.of_branches for group in limits):
            return {}
        self._lock(flow_queries.next_held_branches(limits=limits, but_for=self._known) - self._locked.keys())
        held: defaultdict[tuple[str, int, str], list[Request]] = defaultdict(list)
        forks = (request.fork for request in self._locked.values() if request.fork is not None)
        for branch in sorted(chain.from_iterable(fork.branches for fork in forks), key=_turn_of):
            if dispatch.is_held(branch):
                held[branch.step_worker_type or "", branch.tenant_id, branch.content_type].append(branch)
        return {
            group: held[group.worker_type, group.tenant_id, group.content_type][:limit]
            for group, limit in limits.items()
            if group.of_branches
        }

    def _lock(self, keys: Collection[int]) -> None:
        if not keys:
            return
        found = Request.objects.across_tenants(because=_KNOWN).filter(
            pk__in=keys, status__in=sorted(UNDER_WAY)
        )
        requests = list(found.locked(skip_locked=True).weighed())
        branch_rows.load(requests=requests)
        self._locked |= {request.pk: request for request in requests}


def _turn_of(branch: Request) -> tuple[int, int]:
    """Return when a branch goes: by priority, then by the age of its request."""
    return -branch.priority, branch.pk
