"""How many rows a search finds.

Note: large totals are remembered.
    Pages say how many entities there are in all. To count a million rows takes PostgreSQL 40 ms when nothing
    has changed of late and up to 400 ms when much has; to read a page of them takes one. So a total that is
    large is remembered by the process for some seconds: to somebody who turns pages it makes no difference.
    Totals up to `LARGE` are always counted anew. Beyond ``SEARCH_TOTAL_LIMIT`` a total is an estimate: so no
    search counts for longer, however many rows a tenant has.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet

from regards_processing.kernel.db.counting import counted

#: Totals above this are remembered.
LARGE: Final = 10_000
Counted = TypeVar("Counted")


def total_of(
    rows: QuerySet[Any], *, key: str, kept: int, large: int = LARGE, limit: int | None = None
) -> int:
    """Return how many rows there are, with one statement at most; with one more for an `Estimate`.

    Args:
        rows: what is counted.
        key: name of the search, unique among all searches of all tenants.
        kept: how long a large total is remembered, in seconds; 0 for never.
        large: totals above this are remembered.
        limit: totals above this are not counted; by default what the settings say.
    """
    most = settings.SEARCH_TOTAL_LIMIT if limit is None else limit
    return remembered(lambda: counted(rows, limit=most), total=int, key=key, kept=kept, large=large)


def remembered(
    count: Callable[[], Counted], *, total: Callable[[Counted], int], key: str, kept: int, large: int = LARGE
) -> Counted:
    """Return what is counted: anew, unless ``total`` of it was large a short time ago; see the note above."""
    known: Counted | None = cache.get(key)
    if known is not None:
        return known
    found = count()
    if total(found) > large:
        cache.set(key, found, timeout=kept)
    return found
