"""What of the requests and fleets needs attention, on the start page."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import ngettext

from regards_processing.kernel import clock
from regards_processing.kernel.admin_links import list_address, may_view
from regards_processing.kernel.admin_notices import Notice, register_notices
from regards_processing.kernel.configuration.faults import listed
from regards_processing.kernel.readable_durations import readable_duration
from worker_manager import attention, queries
from worker_manager.attention import Waiting
from worker_manager.models import Pause, PauseKind, Request, WorkerInstance
from worker_manager.services.pauses import list_pauses
from worker_manager.states import RequestStatus

#: Failed requests are counted up to this: there may be very many, and more than this is many in any case.
_COUNTED: Final = 10_000
#: Worker types that are told one by one.
_TOLD: Final = 10


@register_notices
def failed_requests(request: HttpRequest) -> Iterator[Notice]:
    """Tell of requests that wait for an operator."""
    if not may_view(request, Request):
        return
    for status, count in attention.count_failed(most=_COUNTED).items():
        if count:
            more = "or more " if count == _COUNTED else ""
            told = f"{more}{_requests(count)} in {status.value}"
            yield Notice(text=told, count=count, address=list_address(Request, status=status.value))


@register_notices
def waiting_requests(request: HttpRequest) -> Iterator[Notice]:
    """Tell of requests that nobody serves, and of those that wait longest."""
    if not may_view(request, Request):
        return
    at = clock.now()
    waiting = attention.waiting_by_type()
    live = queries.live_types(at=at)
    nobody = [each for each in waiting if each.worker_type not in live]
    for each in nobody[:_TOLD]:
        yield _of_type(each, at)
    if len(nobody) > _TOLD:
        rest = sum(each.requests for each in nobody[_TOLD:])
        types = ngettext(
            "another worker type", f"{len(nobody) - _TOLD} other worker types", len(nobody) - _TOLD
        )
        yield Notice(text=f"{_waiting(rest)} for {types}", count=rest)
    served = [each for each in waiting if each.worker_type in live]
    if served:
        count = sum(each.requests for each in served)
        why = ngettext("although its worker type is served", "although their worker types are served", count)
        text = f"{_waiting(count)} {why}, {_longest(served[0], at)}"
        yield Notice(text=text, count=count, address=list_address(Request))


@register_notices
def silent_fleets(request: HttpRequest) -> Iterator[Notice]:
    """Tell of configured worker types that nobody serves."""
    if not may_view(request, WorkerInstance):
        return
    silent = attention.unserved(live=queries.live_types(at=clock.now()))
    if silent:
        types = ngettext("configured worker type", "configured worker types", len(silent))
        text = f"{types} that nobody serves: {listed(silent)}"
        yield Notice(text=text, count=len(silent), address=reverse("admin:worker_manager_fleets"))


@register_notices
def pauses(request: HttpRequest) -> Iterator[Notice]:
    """Tell of pauses that hold requests, those that hold most first."""
    if not may_view(request, Pause):
        return
    holding = sorted(
        (row for row in list_pauses(tenant=None) if row["held"]), key=lambda row: row["held"], reverse=True
    )
    address = list_address(Pause)
    for row in holding[:_TOLD]:
        what = f"{PauseKind(row['kind']).label.lower()} {row['name']}"
        whose = f"for {row['tenant'] or 'everybody'} by {row['pausedBy']}"
        held = ngettext("request is held", "requests are held", row["held"])
        yield Notice(text=f"{held}: {what} is paused {whose}", count=row["held"], address=address)
    if len(holding) > _TOLD:
        others = len(holding) - _TOLD
        text = ngettext("other pause holds requests", "other pauses hold requests", others)
        yield Notice(text=text, count=others, address=address)


def _of_type(waiting: Waiting, at: datetime) -> Notice:
    status, waits = RequestStatus.NO_WORKER_AVAILABLE.value, _waiting(waiting.requests)
    if waiting.worker_type is None:
        whose = ngettext("its content type", "their content types", waiting.requests)
        text = f"{waits} although nothing is configured for {whose}, {_longest(waiting, at)}"
        return Notice(text=text, count=waiting.requests, address=list_address(Request, status=status))
    text = f"{waits} for {waiting.worker_type}, which nobody serves, {_longest(waiting, at)}"
    address = list_address(Request, step_worker_type=waiting.worker_type, status=status)
    return Notice(text=text, count=waiting.requests, address=address)


def _requests(count: int) -> str:
    return ngettext("request", "requests", count)


def _waiting(count: int) -> str:
    return ngettext("request waits", "requests wait", count)


def _longest(waiting: Waiting, at: datetime) -> str:
    age = max(0, (at - waiting.oldest) // timedelta(milliseconds=1))
    return f"the oldest received {readable_duration(age)} ago"
