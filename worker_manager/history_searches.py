"""What operators look for in the history, page by page.

Note: a history of a million rows.
    Whatever is asked, the rows of one tenant are read in an order that an index has, and only as many as the
    page needs: the history can be sorted by the request id and by the end, and by nothing else.
"""

import hashlib
import json
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting, fetch
from regards_processing.kernel.rest.totals import total_of
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.history_filter import HistoryFilter
from worker_manager.models import FinishedRequest

#: What the history can be sorted by.
SORTING: Final = Sorting(fields={"endDate": "finished_at", "requestId": "request_id"}, default="endDate,desc")
#: Most lives of one id that are shown.
MAX_LIVES: Final = 100


class UnknownFinishedRequest(DomainError):
    """No request of this id has ended, or it was forgotten since."""

    code = "UNKNOWN_FINISHED_REQUEST"
    http_status = 404

    def __init__(self, *, request_id: str) -> None:
        super().__init__(f"The history knows no request with id : {request_id}")


def page_of(*, tenant: Tenant, wanted: HistoryFilter, page: PageRequest) -> Page[FinishedRequest]:
    """Return one page of the finished requests that a filter means; two statements at most."""
    found = _of(tenant).filter(wanted.condition())
    total = total_of(found, key=_name_of(tenant, wanted), kept=settings.SEARCH_TOTAL_KEPT)
    return fetch(found, page=page, total=total)


def by_request_id(*, tenant: Tenant, request_id: str) -> list[FinishedRequest]:
    """Return the lives of a client's id, which may be used again: newest first, `MAX_LIVES` at most.

    Raises:
        UnknownFinishedRequest: there is none.
    """
    found = list(_of(tenant).filter(request_id=request_id).order_by("-finished_at", "-pk")[:MAX_LIVES])
    if not found:
        raise UnknownFinishedRequest(request_id=request_id)
    return found


def _of(tenant: Tenant) -> QuerySet[FinishedRequest]:
    return FinishedRequest.objects.for_tenant(tenant).defer("digest")


def _name_of(tenant: Tenant, wanted: HistoryFilter) -> str:
    text = json.dumps(wanted.to_json(), sort_keys=True)
    return f"history.{tenant.pk}.{hashlib.sha256(text.encode()).hexdigest()}"
