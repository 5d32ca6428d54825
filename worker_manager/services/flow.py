"""Flow control: which of the requests that could go are dispatched now.

Note: one decision.
    Whoever wants a request dispatched (submission, an answer, a retry, a sweep) holds it in memory. At the
    end of the bulk `admit` gives the free places of each worker type away: to the requests of the bulk, and
    to those that were held before. Tenants get equal shares of what is in flight; of one tenant, higher
    priorities go first, then older requests. The others stay held, and are stored so. A branch of a parallel
    step takes a place as a request does, and is held as one.

Note: a place that a tenant gives back is its own for a moment.
    A tenant that sends one request after the other would find its place taken by another one's flood each
    time, and wait until that work has ended. So where work lasts, and places are workers, a place that a
    tenant gives back which holds nothing is kept for it, for a round trip to a fleet: its next request need
    not be held then. The manager that handled the end remembers that; another one, and the sweep, give what
    is free to whoever waits, as the first one does with its next bulk after that time.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from regards_processing.kernel.db.locks import one_at_a_time
from worker_manager import flow_queries
from worker_manager.fair_share import Shares, shares
from worker_manager.flow_queries import Group, Load, Place
from worker_manager.kept_places import KeptPlaces
from worker_manager.models import Request
from worker_manager.pauses import Pauses
from worker_manager.queries import LiveTypes
from worker_manager.services import dispatch
from worker_manager.services.held_branches import HeldBranches
from worker_manager.states import AWAITING_ANSWER

#: Reads of held requests in one turn: the second one gives away what tenants with few requests left over.
_ROUNDS: Final = 2

#: Requests by tenant.
ByTenant = defaultdict[int, list[Request]]


@dataclass(slots=True)
class Released:
    """Requests, and branches, that were held before the bulk, and are to be dispatched with it."""

    requests: list[Request] = field(default_factory=list)
    #: Names of their tenants, by key.
    tenants: dict[int, str] = field(default_factory=dict)


def places(requests: Iterable[Request]) -> Counter[Place]:
    """Count the places that requests take: those in flight, by worker type and tenant."""
    return Counter(
        (request.step_worker_type or "", request.tenant_id)
        for request in requests
        if request.status in AWAITING_ANSWER
    )


def admit(
    *,
    requests: Collection[Request],
    before: Counter[Place],
    live: LiveTypes,
    at: datetime,
    release: Collection[str] = (),
    releasing: bool = True,
    kept: KeptPlaces | None = None,
) -> Released:
    """Dispatch the requests of a bulk that have a place, and return those of before that have one.

    Needs an open transaction. The caller dispatches what it gets: that was not part of its bulk.

    Args:
        requests: the requests that the bulk has locked, moved in memory; or the branches of those.
        before: the places they took before they were moved.
        live: the worker types that are alive.
        at: time of the dispatch.
        release: worker types whose held requests are looked at, beside those that the bulk concerns.
        releasing: give places to requests that were held before; if not, and there are some, places go to
            tenants only that hold none.
        kept: what the manager remembers of places that were given back; without, nothing from before.
    """
    kept = kept or KeptPlaces()
    ready = _ready(requests, live.pauses)
    change = places(requests)
    change.subtract(before)
    freed = {name for (name, _), more in change.items() if more < 0} if releasing else set()
    concerned = {name for name in freed | set(ready) if name in live and live[name].limit is not None}
    for name in set(ready) - concerned:
        _send((request for waiting in ready[name].values() for request in waiting), live, at)
    concerned |= set(release)
    if not concerned:
        return Released()
    one_at_a_time(*(f"in flight {name}" for name in concerned if live[name].configured))
    load = flow_queries.load_of(worker_types=concerned)
    turns = _turns({name: ready[name] for name in concerned}, change, live, load)
    for name, turn in turns.items():
        turn.given_back = _given_back(name, change) if live[name].lasts else {}
        turn.kept = kept.of(worker_type=name, at=at)
    for group in _groups(turns, live.pauses, load):
        turns[group.worker_type].groups.append(group)
    if releasing:
        _read_held(turns, HeldBranches(known={part.pk for part in requests if part.trunk is not None}))
    else:
        for turn in turns.values():
            turn.let_newcomers_pass()
    given = {name: turn.chosen() for name, turn in turns.items()}
    for name, turn in turns.items():
        _remember(name, turn, given[name], kept, at)
    return _give(turns, given, live, at)


@dataclass(slots=True, kw_only=True)
class _Turn:
    """The free places of one worker type, and who wants them."""

    free: int
    #: By tenant.
    in_flight: Mapping[int, int]
    #: Requests of the bulk.
    ready: ByTenant
    #: Places that the bulk gives back, and those of before that are kept, by tenant.
    given_back: Mapping[int, int] = field(default_factory=dict)
    kept: Mapping[int, int] = field(default_factory=dict)
    #: Where held requests can be read, how many were asked for, and those that were read.
    groups: list[Group] = field(default_factory=list)
    asked: dict[Group, int] = field(default_factory=dict)
    held: dict[Group, list[Request]] = field(default_factory=dict)

    def wants(self) -> dict[Group, int]:
        """Return how many held requests of each group may go, as far as they are not read yet."""
        if not self.groups:
            return {}
        supply: dict[int, int | None] = dict(self._supply())
        supply |= {group.tenant_id: None for group in self.groups if self._has_more(group)}
        fair = self._shares(supply)
        return {
            group: fair[group.tenant_id]
            for group in self.groups
            if self._has_more(group) and fair[group.tenant_id] > self.asked.get(group, 0)
        }

    def let_newcomers_pass(self) -> None:
        """Leave those of the bulk whose tenants hold nothing, as far as these have a share of the places."""
        if not self.groups:
            return
        holding = {group.tenant_id for group in self.groups}
        wanted: dict[int, int | None] = {tenant: len(waiting) for tenant, waiting in self.ready.items()}
        fair = self._shares(wanted | dict.fromkeys(holding))
        for tenant, waiting in self.ready.items():
            self.ready[tenant] = [] if tenant in holding else sorted(waiting, key=_turn_of)[: fair[tenant]]

    def chosen(self) -> list[Request]:
        """Return who gets a place: in turns, one of each tenant, whoever has the fewest first."""
        candidates = self._candidates()
        if not self.held and sum(map(len, candidates.values())) <= self.free:
            return [request for waiting in candidates.values() for request in waiting]
        numbered = [
            (self.in_flight.get(tenant, 0) + number, tenant, request)
            for tenant, share in self._shares(self._supply()).items()
            for number, request in enumerate(sorted(candidates[tenant], key=_turn_of)[:share])
        ]
        return [request for *_, request in sorted(numbered, key=lambda one: one[:2])]

    def _has_more(self, group: Group) -> bool:
        return len(self.held.get(group, ())) == self.asked.get(group, 0)

    def _candidates(self) -> ByTenant:
        found: ByTenant = defaultdict(list)
        for tenant, waiting in self.ready.items():
            found[tenant] += waiting
        for group, waiting in self.held.items():
            found[group.tenant_id] += waiting
        return found

    def _supply(self) -> dict[int, int | None]:
        waiting = Counter({tenant: len(requests) for tenant, requests in self._candidates().items()})
        # Whoever comes back for a place is one of those that wait.
        return dict(waiting | self._awaited())

    def _awaited(self) -> Counter[int]:
        """Count the places that tenants may come back for, which hold nothing.

        Where all places are free one is given away: its end is the next bulk.
        """
        holding = {group.tenant_id for group in self.groups}
        most = self.free + sum(self.in_flight.values()) - 1
        awaited: Counter[int] = Counter()
        for tenant, count in (Counter(self.given_back) + Counter(self.kept)).items():
            awaited[tenant] = 0 if tenant in holding else max(0, min(count, most))
            most -= awaited[tenant]
        return awaited

    def _shares(self, supply: Mapping[int, int | None]) -> Shares:
        return shares(free=self.free, in_flight=self.in_flight, supply=supply)


def _ready(requests: Iterable[Request], pauses: Pauses) -> defaultdict[str, ByTenant]:
    """Return the requests of a bulk that could go, by worker type and tenant."""
    ready: defaultdict[str, ByTenant] = defaultdict(lambda: defaultdict(list))
    for request in requests:
        if dispatch.is_held(request) and not pauses.stop(
            tenant_id=request.tenant_id,
            worker_type=request.step_worker_type,
            content_type=request.content_type,
        ):
            ready[request.step_worker_type or ""][request.tenant_id].append(request)
    return ready


def _turns(
    ready: Mapping[str, ByTenant], change: Counter[Place], live: LiveTypes, load: Load
) -> dict[str, _Turn]:
    """Count the free places: the limit, less what is in flight, with what the bulk changes about that."""
    in_flight: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for counts in (load.in_flight, change):
        for (name, tenant), count in counts.items():
            in_flight[name][tenant] += count
    turns = {}
    for name, waiting in ready.items():
        # More than a page of held requests is never read at once.
        most = settings.SWEEP_PAGE + sum(map(len, waiting.values()))
        limit = live[name].limit
        taken = in_flight[name].total()
        free = most if limit is None else max(0, min(most, limit - taken))
        turns[name] = _Turn(free=free, in_flight=in_flight[name], ready=waiting)
    return turns


def _given_back(worker_type: str, change: Counter[Place]) -> dict[int, int]:
    """Return how many places of a worker type each tenant gives back."""
    return {tenant: -more for (name, tenant), more in change.items() if name == worker_type and more < 0}


def _remember(
    worker_type: str, turn: _Turn, given: Sequence[Request], kept: KeptPlaces, at: datetime
) -> None:
    """Keep what tenants give back, but for what they get."""
    until = at + timedelta(seconds=settings.IN_FLIGHT_ROUND_TRIP)
    for tenant, count in turn.given_back.items():
        kept.keep(worker_type=worker_type, tenant=tenant, count=count, until=until)
    for tenant, count in Counter(request.tenant_id for request in given).items():
        kept.take(worker_type=worker_type, tenant=tenant, count=count)


def _groups(turns: Mapping[str, _Turn], pauses: Pauses, load: Load) -> list[Group]:
    """Return the groups of held requests that could go, as far as it matters which these are."""
    holding = {name for name in load.holding if turns[name].free}
    if not holding:
        return []
    return [
        group
        for group in flow_queries.held_groups(worker_types=holding)
        if not pauses.stop(
            tenant_id=group.tenant_id, worker_type=group.worker_type, content_type=group.content_type
        )
    ]


def _read_held(turns: Mapping[str, _Turn], branches: HeldBranches) -> None:
    """Read what is held and may get a place."""
    for _ in range(_ROUNDS):
        wanted = {group: number for turn in turns.values() for group, number in turn.wants().items()}
        found = _next_requests(wanted) | branches.read(wanted)
        for group, number in wanted.items():
            turns[group.worker_type].asked[group] = number
            turns[group.worker_type].held[group] = found.get(group, [])


def _next_requests(wanted: Mapping[Group, int]) -> dict[Group, list[Request]]:
    by_key = {
        (group.worker_type, group.tenant_id, group.content_type): group
        for group in wanted
        if not group.of_branches
    }
    found: defaultdict[Group, list[Request]] = defaultdict(list)
    for request in flow_queries.next_held(limits=wanted):
        key = (request.step_worker_type or "", request.tenant_id, request.content_type)
        found[by_key[key]].append(request)
    return found


def _give(
    turns: Mapping[str, _Turn], given: Mapping[str, Sequence[Request]], live: LiveTypes, at: datetime
) -> Released:
    released = Released()
    for name, turn in turns.items():
        held = {request.pk for waiting in turn.held.values() for request in waiting}
        chosen = given[name]
        _send((request for request in chosen if request.pk not in held), live, at)
        released.requests += [request for request in chosen if request.pk in held]
        released.tenants |= {group.tenant_id: group.tenant for group in turn.groups}
    return released


def _send(requests: Iterable[Request], live: LiveTypes, at: datetime) -> None:
    for request in requests:
        dispatch.send(request=request, live=live, at=at)


def _turn_of(request: Request) -> tuple[int, bool, int]:
    """Return when a request of a tenant goes: by priority, then by age; new ones have no key yet."""
    return -request.priority, request.pk is None, request.pk or 0
