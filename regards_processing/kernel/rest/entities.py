"""The shapes of answers: one entity, a list, a page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict

from regards_processing.kernel.db.counting import Estimate
from regards_processing.kernel.rest.pages import Page, PageRequest

Link = Mapping[str, str]
#: Query parameters that links to other pages have of their own.
_NOT_REPEATED: Final = frozenset({"page", "size", "sort"})


def entity(content: Any, links: Iterable[Link] = ()) -> dict[str, Any]:
    """Return one entity: ``{content, links: [{rel, href}]}``."""
    return {"content": content, "links": list(links)}


def paged(
    page: Page[Any], content: Sequence[Mapping[str, Any]], *, address: str, parameters: QueryDict
) -> dict[str, Any]:
    """Return a page: ``{content, links, metadata}``.

    Args:
        page: what was read.
        content: its items, as entities.
        address: of the list, without query parameters.
        parameters: query parameters of the call.
    """
    others = [
        (name, value) for name, values in parameters.lists() for value in values if name not in _NOT_REPEATED
    ]
    links = [
        {"rel": rel, "href": f"{address}?{_query(page.request, number, others)}"}
        for rel, number in page.neighbours.items()
    ]
    metadata: dict[str, Any] = {
        "size": page.request.size,
        "totalElements": page.total,
        "totalPages": page.total_pages,
        "number": page.request.number,
    }
    if isinstance(page.total, Estimate):
        metadata["totalIsEstimate"] = True
    return {"content": list(content), "links": links, "metadata": metadata}


def _query(request: PageRequest, number: int, others: Sequence[tuple[str, str]]) -> str:
    asked = [("page", number), ("size", request.size), *(("sort", str(order)) for order in request.orders)]
    return urlencode([*asked, *others], safe=",")
