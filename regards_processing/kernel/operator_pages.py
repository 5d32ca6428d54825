"""Which pages are those of operators: people who log in, and see every tenant."""

from typing import Final

from django.http import HttpRequest

#: Namespaces of their routes.
_PAGES: Final = frozenset({"admin", "dashboard"})


def is_for_operators(request: HttpRequest) -> bool:
    """Tell whether a call, whose route is known, is for one of these pages."""
    match = request.resolver_match
    return match is not None and match.app_name in _PAGES
