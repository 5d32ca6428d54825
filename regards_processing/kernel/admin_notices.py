"""What needs the attention of an operator, gathered for the start page of the admin."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from regards_processing.kernel.errors import DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to look at, and where."""

    text: str
    #: How many there are; none where that says nothing.
    count: int | None = None
    #: Where to look, if there is a page.
    address: str = ""


#: Returns the notices that this user may see, with a constant number of statements.
Source = Callable[[HttpRequest], Iterable[Notice]]
_sources: Final[list[Source]] = []


def register_notices(source: Source) -> Source:
    """Add a source; applications do so where they register their pages."""
    if source not in _sources:
        _sources.append(source)
    return source


def notices(request: HttpRequest) -> list[Notice]:
    """Return what every source has; one that cannot tell says why, and leaves the others."""
    return [notice for source in _sources for notice in _heard(source, request)]


def _heard(source: Source, request: HttpRequest) -> list[Notice]:
    try:
        return list(source(request))
    except DomainError as error:
        return [Notice(text=str(error))]
