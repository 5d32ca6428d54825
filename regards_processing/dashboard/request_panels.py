"""Requests: how many of each status, and why those that wait do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from regards_processing.dashboard.links import Links
from regards_processing.dashboard.panels import (
    MOST_COUNTED,
    Cell,
    Figure,
    Panel,
    Scope,
    Source,
    Tone,
    ago,
    limited,
)
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager import queries
from worker_manager.backlog import backlog
from worker_manager.grouped_reasons import GroupedReason, grouped_reasons
from worker_manager.models import Pause, Request
from worker_manager.overview import StatusCounts, status_counts
from worker_manager.reasons import ReasonCode
from worker_manager.states import AWAITING_ANSWER, FAILED, STORED, WAITING, RequestStatus

#: Requests of each place that are asked why they wait.
MOST_ASKED: Final = 2_000
_STATUSES: Final = tuple(status for status in RequestStatus if status in STORED)
#: Nothing ends these by itself.
_BAD: Final = frozenset(
    {
        ReasonCode.NO_CONFIGURATION,
        ReasonCode.NO_LIVE_WORKER,
        ReasonCode.TENANT_INACTIVE,
        ReasonCode.UP_TO_OPERATOR,
        ReasonCode.WORKER_SILENT,
    }
)
_URGENCY: Final = (Tone.BAD, Tone.WARN, Tone.PLAIN)
_PAUSED: Final = frozenset({ReasonCode.TYPE_PAUSED, ReasonCode.CONTENT_TYPE_PAUSED})
_OF_FLEETS: Final = frozenset(
    {
        ReasonCode.NO_LIVE_WORKER,
        ReasonCode.WORKER_SILENT,
        ReasonCode.IN_FLIGHT_LIMIT,
        ReasonCode.AWAITING_WORKER,
        ReasonCode.AWAITING_SWEEP,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The requests of each tenant and status."""

    counts: StatusCounts
    tenants: Mapping[int, Tenant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Why requests wait."""

    reasons: list[GroupedReason]
    at: datetime


def read_counts(scope: Scope) -> Counted:
    """Count the requests; two statements."""
    counts = status_counts(tenant=scope.tenant, most=MOST_COUNTED)
    return Counted(counts=counts, tenants={tenant.pk: tenant for tenant in _tenants(scope)})


def show_counts(found: Counted, links: Links) -> Panel:
    """Show a line for each tenant, those with most requests first."""
    by_tenant = {
        tenant: [found.counts.by_tenant.get((pk, status), 0) for status in _STATUSES]
        for pk, tenant in found.tenants.items()
    }
    busiest = sorted(by_tenant.items(), key=lambda item: (-sum(item[1]), item[0].name))
    rows, left_out = limited(
        (
            Cell(tenant.name, links.of_tenant(Request, tenant)),
            *(
                _count(found, tenant, status, count, links)
                for status, count in zip(_STATUSES, counts, strict=True)
            ),
        )
        for tenant, counts in busiest
    )
    cut = ", ".join(status.value for status in _STATUSES if status in found.counts.cut)
    return Panel(
        title=COUNTS.title,
        columns=("Tenant", *(str(status.value) for status in _STATUSES)),
        rows=rows,
        left_out=left_out,
        note=f"Only {MOST_COUNTED:,} of each status are counted; there are more in {cut}." if cut else "",
        empty="There is no tenant.",
        address=links.to_list(Request),
        figures=list(_figures(found.counts, links)),
        wide=True,
    )


def _count(found: Counted, tenant: Tenant, status: RequestStatus, count: int, links: Links) -> Cell:
    if not count:
        return Cell(0)
    address = links.of_tenant(Request, tenant, status=status.value)
    tone = Tone.BAD if status in FAILED else Tone.PLAIN
    return Cell(f"≥ {count:,}" if status in found.counts.cut else count, address, tone)


def _figures(counts: StatusCounts, links: Links) -> Iterator[Figure]:
    for label, statuses, tone in (
        ("waiting", WAITING, Tone.WARN),
        ("in flight", AWAITING_ANSWER, Tone.PLAIN),
        ("failed", FAILED, Tone.BAD),
    ):
        count = counts.of(*statuses)
        more = "+" if counts.cut & statuses else ""
        yield Figure(
            label=label,
            value=f"{count:,}{more}",
            address=links.to_list(Request),
            tone=tone if count else Tone.PLAIN,
        )


def read_reasons(scope: Scope) -> Asked:
    """Ask why requests wait; three statements."""
    groups = backlog(tenant=scope.tenant, at=scope.at, most=MOST_ASKED)
    live = queries.live_types(at=scope.at)
    inactive = [tenant.pk for tenant in _tenants(scope) if not tenant.active]
    reasons = grouped_reasons(groups=groups, live=live, pauses=live.pauses, inactive=inactive)
    return Asked(reasons=reasons, at=scope.at)


def show_reasons(found: Asked, links: Links) -> Panel:
    """Show a line for each reason: what nothing ends by itself first, then what holds most requests."""
    rows, left_out = limited(
        (
            Cell(reason.text, _address(reason, links), _tone(reason.code)),
            Cell(f"≥ {reason.requests:,}" if reason.requests >= MOST_ASKED else reason.requests),
            Cell(ago(reason.oldest, found.at)),
        )
        for reason in sorted(found.reasons, key=lambda reason: _URGENCY.index(_tone(reason.code)))
    )
    return Panel(
        title=REASONS.title,
        columns=("Reason", "Requests", "Oldest, ago"),
        rows=rows,
        left_out=left_out,
        empty="Nothing waits, and nothing has failed.",
        address=links.to_list(Request),
        wide=True,
    )


def _tone(code: ReasonCode) -> Tone:
    if code in _BAD:
        return Tone.BAD
    return Tone.WARN if code in _PAUSED or code is ReasonCode.IN_FLIGHT_LIMIT else Tone.PLAIN


def _address(reason: GroupedReason, links: Links) -> str:
    """Return the page where one does something about a reason."""
    if reason.code in _PAUSED:
        return links.to_platform_list(Pause)
    if reason.code in _OF_FLEETS:
        return links.to_fleet(reason.subject)
    if reason.code is ReasonCode.TENANT_INACTIVE:
        return links.to_platform_list(Tenant)
    filters = {
        ReasonCode.UP_TO_OPERATOR: {"status": reason.subject},
        ReasonCode.NO_CONFIGURATION: {"content_type": reason.subject},
        ReasonCode.DUE_LATER: {
            "status": RequestStatus.TO_DISPATCH.value,
            "step_worker_type": reason.subject,
        },
    }
    return links.to_list(Request, **filters.get(reason.code, {}))


def _tenants(scope: Scope) -> list[Tenant]:
    return [scope.tenant] if scope.tenant else list(Tenant.objects.order_by("name"))


COUNTS: Final = Source(
    key="requests", title="Requests by tenant", model=Request, read=read_counts, show=show_counts
)
REASONS: Final = Source(
    key="reasons", title="What waits, and why", model=Request, read=read_reasons, show=show_reasons
)
