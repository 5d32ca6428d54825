"""What operators order about requests: which of them an order means, and how it is given."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from django.conf import settings

from regards_processing.kernel.audit import services as audit
from regards_processing.kernel.audit.services import Actor
from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.jobs.context import Page
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.jobs.services.submission import submit_job
from regards_processing.kernel.rest.filters import Mode, ValueRestriction
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import Request
from worker_manager.models.request import RequestQuerySet
from worker_manager.request_filter import RequestFilter
from worker_manager.states import CANCELABLE, UP_TO_OPERATORS

#: Kinds of the jobs that carry orders out, and names of the orders in the audit trail.
RETRY: Final = "requests.retry"
DELETE: Final = "requests.delete"
CANCEL: Final = "requests.cancel"
DELETE_SESSIONS: Final = "sessions.delete"
KINDS: Final = (RETRY, CANCEL, DELETE, DELETE_SESSIONS)

Act = Callable[[list[Request]], Mapping[str, int]]
#: Which statuses an order reaches, by the restriction of its filter.
Reach = Callable[[ValueRestriction | None], frozenset[str]]


class Start(StrEnum):
    """Where a retried request starts again."""

    #: At the step it is at, with what that step got.
    FAILED = "failed"
    #: At the first step of today's configuration, with the client's own content.
    FIRST = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOrder:
    """Which requests an order means, of those that were there when it was given."""

    wanted: RequestFilter
    #: Technical id of the newest request there was.
    last_id: int
    #: Of a retry.
    start: Start = Start.FAILED

    def to_json(self) -> dict[str, Any]:
        """Return the order as JSON, to be stored with its job."""
        start = {} if self.start is Start.FAILED else {"from": self.start.value}
        return {"filter": self.wanted.to_json(), "lastId": self.last_id, **start}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back what `to_json` wrote."""
        return cls(
            wanted=RequestFilter.from_json(stored["filter"]),
            last_id=stored["lastId"],
            start=Start(stored.get("from", Start.FAILED)),
        )


@transaction
def give_order(
    *,
    kind: str,
    tenant: Tenant,
    wanted: RequestFilter,
    actor: Actor,
    at: datetime,
    start: Start = Start.FAILED,
) -> Job:
    """Store an order with its trace; a job carries it out."""
    newest = Request.objects.for_tenant(tenant).order_by("-pk").values_list("pk", flat=True).first()
    order = RequestOrder(wanted=wanted, last_id=newest or 0, start=start)
    job = submit_job(kind=kind, tenant=tenant, parameters=order, actor=actor, at=at)
    audit.record(
        actor=actor,
        tenant=tenant.name,
        action=kind,
        target=str(job.pk),
        details=_told(order) | {"job": str(job.pk)},
        at=at,
    )
    return job


def up_to_operators(restriction: ValueRestriction | None) -> frozenset[str]:
    """Return the statuses that a retry or a deletion reaches: never one that is not up to operators.

    A restriction that names such a status counts as none: the contract has it so.
    """
    named = frozenset(restriction.values) if restriction else frozenset()
    if restriction is None or not named or not named <= UP_TO_OPERATORS:
        return frozenset(UP_TO_OPERATORS)
    return UP_TO_OPERATORS - named if restriction.mode is Mode.EXCLUDE else named


def not_ended(restriction: ValueRestriction | None) -> frozenset[str]:
    """Return the statuses that a cancellation reaches: those named, of requests that have not ended."""
    if restriction is None:
        return frozenset(CANCELABLE)
    named = frozenset(restriction.values)
    return CANCELABLE - named if restriction.mode is Mode.EXCLUDE else CANCELABLE & named


def _told(order: RequestOrder) -> dict[str, Any]:
    """Return what the audit trail says of an order."""
    return {name: value for name, value in order.to_json().items() if name != "lastId"}


def count_eligible(
    *,
    tenant: Tenant,
    wanted: RequestFilter,
    reach: Reach = up_to_operators,
    sparing: Collection[str] = (),
) -> int:
    """Return how many requests an order would touch now; ``sparing`` are sources that it leaves alone."""
    return _eligible(tenant, wanted, reach, sparing).count()


def carry_out_page(
    *,
    tenant: Tenant,
    order: RequestOrder,
    after: int,
    act: Act,
    reach: Reach = up_to_operators,
    sparing: Collection[str] = (),
) -> Page:
    """Do the next page of an order, behind the technical id ``after``; needs an open transaction.

    Requests come in the order of their ids and never twice: an order ends, even if what it retries fails
    again. ``act`` gets them locked and without payloads, and returns what it did, counted by name.
    """
    transaction_required()
    meant = _eligible(tenant, order.wanted, reach, sparing).filter(pk__lte=order.last_id)
    total = None if after else meant.count()
    requests = list(meant.filter(pk__gt=after).locked().weighed()[: settings.SWEEP_PAGE])
    counts = act(requests)
    more = len(requests) == settings.SWEEP_PAGE
    state = {"after": requests[-1].pk} if more else None
    return Page(state=state, done=len(requests), total=total, counts=counts)


def _eligible(
    tenant: Tenant, wanted: RequestFilter, reach: Reach, sparing: Collection[str]
) -> RequestQuerySet:
    others = replace(wanted, statuses=None)
    found = Request.objects.for_tenant(tenant).filter(others.condition()).exclude(source__in=sparing)
    return found.filter(status__in=sorted(reach(wanted.statuses)))
