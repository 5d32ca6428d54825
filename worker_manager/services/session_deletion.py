"""Delete sessions: their requests, as far as that is up to operators, and what they counted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from regards_processing.kernel.audit.models import Origin
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.db.locks import one_at_a_time
from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.jobs.context import Page
from regards_processing.kernel.rest.filters import DateRange, TextFilter
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.events.session_deleted import SessionsDeleted
from worker_manager.models import SessionChange, SessionStep
from worker_manager.request_filter import RequestFilter
from worker_manager.services import deletion, orders, session_counts
from worker_manager.services.dropped import Dropped
from worker_manager.services.orders import RequestOrder
from worker_manager.session_counters import TOTAL, Change, SessionKey, is_counted, net_changes

_LOCK: Final = "worker_manager.session_deletion"
#: Key of the state of a job whose requests are deleted: the session that it was at last.
_AT: Final = "session"
_Pair = tuple[str, str]


@transaction
def order_deletions(*, deletions: Sequence[SessionsDeleted], at: datetime) -> list[Dropped]:
    """Store an order for each deletion; return those of no active tenant."""
    names = {deleted.tenant for deleted in deletions}
    tenants = {tenant.name: tenant for tenant in Tenant.objects.active().filter(name__in=names)}
    dropped = []
    for position, deleted in enumerate(deletions):
        if deleted.tenant in tenants:
            orders.give_order(
                kind=orders.DELETE_SESSIONS,
                tenant=tenants[deleted.tenant],
                wanted=_wanted(deleted),
                actor=Actor(name=deleted.event, origin=Origin.MESSAGE),
                at=at,
            )
        else:
            dropped.append(Dropped(position, f"There is no active tenant {deleted.tenant}"))
    return dropped


def _wanted(deleted: SessionsDeleted) -> RequestFilter:
    return RequestFilter(
        source=_exactly(deleted.source),
        session=None if deleted.session is None else _exactly(deleted.session),
        creation_date=DateRange(before=deleted.no_later_than) if deleted.no_later_than else None,
    )


def _exactly(text: str) -> TextFilter:
    return TextFilter(text=text, match_mode=MatchMode.STRICT)


def delete_page(*, tenant: Tenant, order: RequestOrder, state: Mapping[str, Any], at: datetime) -> Page:
    """Do the next page of a deletion of sessions: first delete requests, then forget those that ended."""
    named = order.wanted.source
    if _AT in state or (named and not is_counted(source=named.text)):
        return _forget_page(tenant, order, state.get(_AT), at)
    page = deletion.delete_page(tenant=tenant, order=order, after=state.get("after", 0), at=at)
    return Page(state=page.state or {_AT: None}, done=page.done, total=page.total, counts=page.counts)


def _forget_page(tenant: Tenant, order: RequestOrder, after: list[str] | None, at: datetime) -> Page:
    """Take from the counters of the next sessions what ended; what is on its way goes on to count."""
    # Two that forget the same would take it away twice.
    one_at_a_time(_LOCK)
    page = _sessions(tenant, order.wanted, after)
    ended = _ended(tenant, page) if page else {}
    taken = {key: Change().add_all(change, times=-1).net() for key, change in ended.items()}
    changes = {key: change for key, change in taken.items() if change.properties}
    session_counts.store(changes=changes, at=at)
    more = len(page) == settings.SWEEP_PAGE
    forgotten = -sum(change.properties[TOTAL] for change in changes.values())
    return Page(state={_AT: list(page[-1])} if more else None, counts={"forgotten": forgotten})


def _sessions(tenant: Tenant, wanted: RequestFilter, after: list[str] | None) -> list[_Pair]:
    parts = {"source": wanted.source, "session": wanted.session}
    meant = Q()
    for field, part in parts.items():
        meant &= part.condition(field) if part else Q()
    if after:
        source, session = after
        meant &= Q(source__gt=source) | Q(source=source, session__gt=session)
    steps = SessionStep.objects.for_tenant(tenant).filter(meant).values_list("source", "session")
    changes = SessionChange.objects.for_tenant(tenant).filter(meant).values_list("source", "session")
    return list(steps.union(changes).order_by("source", "session")[: settings.SWEEP_PAGE])


def _ended(tenant: Tenant, sessions: Iterable[_Pair]) -> dict[SessionKey, Change]:
    """Return what sessions count beyond the requests that are there."""
    whole = defaultdict[SessionKey, Change](Change)
    counted, there = queries.session_counts(tenant=tenant, sessions=list(sessions))
    for source, session, change in counted:
        whole[tenant.pk, source, session].add_all(change)
    moves = {((tenant.pk, *pair), None, place): times for pair, place, times in there}
    for key, change in net_changes(moves).items():
        whole[key].add_all(change, times=-1)
    return whole
