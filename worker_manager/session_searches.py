"""What operators look for among the sessions, page by page."""

import hashlib
import json
from typing import Final

from django.conf import settings

from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.rest.filters import TextFilter
from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting, fetch
from regards_processing.kernel.rest.totals import total_of
from regards_processing.kernel.tenancy.models import Tenant
from worker_manager.models import SessionStep

#: What sessions can be sorted by.
SORTING: Final = Sorting(
    fields={"lastUpdateDate": "last_update_at", "source": "source", "session": "session"},
    default="lastUpdateDate,desc",
)


def page_of(
    *, tenant: Tenant, source: str | None, session: str | None, exact: bool, page: PageRequest
) -> Page[SessionStep]:
    """Return one page of the steps of sessions; two statements at most.

    Args:
        tenant: whose sessions.
        source: part of the name of the source, or all of it; `None` for any.
        session: part of the name of the session, or all of it; `None` for any.
        exact: whether the names are whole. A whole source, with or without a session, is found by the index.
        page: which page.
    """
    mode = MatchMode.STRICT if exact else MatchMode.CONTAINS
    found = SessionStep.objects.for_tenant(tenant)
    for field, text in (("source", source), ("session", session)):
        if text is not None:
            found = found.filter(TextFilter(text=text, match_mode=mode).condition(field))
    key = f"sessions.{tenant.pk}.{_digest(source, session, mode)}"
    return fetch(found, page=page, total=total_of(found, key=key, kept=settings.SEARCH_TOTAL_KEPT))


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
