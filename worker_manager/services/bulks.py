"""Many requests moved together: locked, moved in memory, stored and told in few statements."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from regards_processing.kernel.db.trips import in_one_trip
from regards_processing.kernel.inbox import services as inbox
from regards_processing.kernel.outbox.services import publish_after_commit
from worker_manager import counters, flow_queries, forks, queries, tracing
from worker_manager.kept_places import KeptPlaces
from worker_manager.models import Request
from worker_manager.queries import LiveTypes, PlanKey
from worker_manager.services import (
    branch_rows,
    branches,
    dispatch,
    flow,
    gathering,
    moves,
    responses,
    session_counts,
    stopping,
    stored_contents,
)
from worker_manager.session_counters import Place
from worker_manager.states import AWAITING_ANSWER, FAILED, RequestStatus
from worker_manager.workflow_plan import Plan

RequestKey = tuple[int, str]


@dataclass(slots=True)
class Bulk:
    """The requests of a bulk, moved in memory until they are saved."""

    live: LiveTypes
    at: datetime
    #: Requests that were touched, by primary key; later ones are added by `touch`.
    touched: dict[int, Request] = field(default_factory=dict)
    #: Where each of them was before, by primary key.
    before: dict[int, Place] = field(init=False)
    #: Heavy columns that are new, by primary key: they are written only for these requests.
    heavy: dict[int, frozenset[str]] = field(default_factory=dict)
    #: Plans of today, of those that have none of their own and may end: these follow them.
    configured: Mapping[PlanKey, Plan] = field(default_factory=dict)
    #: Dispatches whose answer is awaited no longer: the fleets are told to stop the work.
    stopped: list[str] = field(default_factory=list)
    #: Messages that have counted and must not do so again (`inbox`), by their fingerprints.
    handled: set[UUID] = field(default_factory=set)
    #: Plans that were read, by the identity of what is stored, which is kept: requests of a bulk share it.
    _plans: dict[int, tuple[Mapping[str, Any], Plan]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        branch_rows.load(requests=self.touched.values())
        self.before = {pk: session_counts.place(request) for pk, request in self.touched.items()}

    def plan_of(self, request: Request) -> Plan:
        """Return the plan that a dispatched request follows."""
        stored = request.plan or {}
        if id(stored) not in self._plans:
            self._plans[id(stored)] = stored, Plan.from_json(stored)
        return self._plans[id(stored)][1]

    def touch(self, request: Request) -> None:
        """Have a request stored with this bulk; call it before the request is changed."""
        if request.id not in self.touched:
            self.touched[request.id] = request
            self.before[request.id] = session_counts.place(request)


def locked(*, keys: Collection[RequestKey]) -> dict[RequestKey, Request]:
    """Lock the requests of a bulk in the order of their primary keys, without their payloads."""
    found = queries.locked_requests(keys=keys)
    branch_rows.load(requests=found)
    return {(row.tenant_id, row.request_id): row for row in found}


def settle(
    *,
    bulk: Bulk,
    tenants: Mapping[int, str],
    release: Collection[str] = (),
    releasing: bool = True,
    kept: KeptPlaces | None = None,
) -> int:
    """Decide what is dispatched, store what a bulk moved and publish what follows; return what was released.

    Needs an open transaction.

    Args:
        bulk: what was moved.
        tenants: names by primary key.
        release: worker types whose held requests are looked at, beside those that the bulk concerns.
        releasing: requests that were held before may take the places that are free.
        kept: what the manager remembers of places that were given back.
    """
    before = _in_flight_before(bulk)
    forked = [request for request in bulk.touched.values() if request.fork is not None]
    gathering.conclude(requests=forked, heavy=bulk.heavy, live=bulk.live, at=bulk.at)
    released = flow.admit(
        requests=forks.parts(bulk.touched.values()) if forked else bulk.touched.values(),
        before=before,
        live=bulk.live,
        at=bulk.at,
        release=release,
        releasing=releasing,
        kept=kept,
    )
    branches.follow_all(requests=forked, at=bulk.at)
    told = [request for request in bulk.touched.values() if branches.is_told(request)]
    sent = _dispatch_released(released.requests, bulk)
    # Of those that were held, clients have heard that they are granted: not that their contents are lost.
    told += {id(whole): whole for part in sent if (whole := part.trunk or part).status in FAILED}.values()
    touched = list(bulk.touched.values())
    tenants = {**released.tenants, **tenants}
    staying, finished = _parted(touched, bulk.configured)
    traced = tracing.moved(requests=touched, tenants=tenants, at=bulk.at)
    with in_one_trip():
        moves.save(requests=staying, heavy=bulk.heavy, others=traced)
        moves.finish(requests=finished)
        branch_rows.store(requests=staying)
        inbox.note(fingerprints=bulk.handled, at=bulk.at)
        stored_contents.note(contents=bulk.live.contents, at=bulk.at)
        session_counts.moved(requests=touched, before=bulk.before, at=bulk.at)
        dispatched = forks.sent(staying)
        publish_after_commit(
            messages=[
                *dispatch.messages(requests=dispatched, contents=_contents(dispatched), tenants=tenants),
                *responses.messages(requests=told, tenants=tenants),
                *stopping.messages(dispatch_ids=bulk.stopped),
            ],
            at=bulk.at,
        )
    counters.moved(requests=touched, tenants=tenants)
    return len(sent)


def _dispatch_released(released: Sequence[Request], bulk: Bulk) -> list[Request]:
    """Dispatch what was held before the bulk, as far as its contents can be read; return what it was."""
    sent = []
    for part in released:
        if dispatch.can_be_read(request=part, live=bulk.live):
            bulk.touch(part.trunk or part)
            dispatch.send(request=part, live=bulk.live, at=bulk.at)
            sent.append(part)
    trunks = {part.trunk.pk: part.trunk for part in sent if part.trunk is not None}
    branches.follow_all(requests=trunks.values(), at=bulk.at)
    return sent


def _in_flight_before(bulk: Bulk) -> Counter[flow_queries.Place]:
    whole: Counter[flow_queries.Place] = Counter()
    for pk, place in bulk.before.items():
        request = bulk.touched[pk]
        if request.fork is not None and not request.fork.begun:
            whole.update((name, request.tenant_id) for name in request.fork.in_flight_before)
        elif place and place[0] in AWAITING_ANSWER:
            whole[place[1] or "", request.tenant_id] += 1
    return whole


def _contents(dispatched: Sequence[Request]) -> dict[int, bytes]:
    """Return what each dispatched request's worker gets: new in this bulk, or read from the table.

    What is stored is neither; it was read when it was dispatched, or need not be.
    """
    rows = [row for part in dispatched if (row := part.trunk or part).stored_content is None]
    new = {row.id: row.body for row in rows if row.body_size is None}
    in_table = [row for row in rows if row.body_size is not None]
    return new | (queries.bodies(requests=in_table) if in_table else {})


def _parted(
    requests: Iterable[Request], configured: Mapping[PlanKey, Plan]
) -> tuple[list[Request], list[Request]]:
    """Return the requests whose rows stay, and those whose rows go."""
    parts: tuple[list[Request], list[Request]] = ([], [])
    for request in requests:
        parts[_leaves(request, configured)].append(request)
    return parts


def _leaves(request: Request, configured: Mapping[PlanKey, Plan]) -> bool:
    """Return whether a request's row goes: it succeeded, was cancelled, or its errors are not to be kept."""
    if request.status in {RequestStatus.SUCCESS, RequestStatus.CANCELED}:
        return True
    if request.status not in FAILED:
        return False
    plan = dispatch.current_plan(request=request, configured=configured)
    return plan is not None and not plan.keep_errors
