"""The query parameter ``token``: a bearer token in an address, for downloads that a browser starts.

Note: no token is written down.
    Addresses end up in logs, error reports, page links and browser histories. So the parameter leaves the
    address before anything else sees it, as the gateway of REGARDS does it, and the server's own record of
    the address (which access logs are written from) is cut as well.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse

_PARAMETER: Final = "token"
#: Where servers keep the address as it was sent.
_RAW_ADDRESSES: Final = ("RAW_URI", "REQUEST_URI")


class TokenParameterMiddleware:
    """Move the query parameter ``token`` to the header ``Authorization``; must come first."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a call."""
        take_token(request.META)
        return self._get_response(request)


def take_token(meta: dict[str, Any]) -> None:
    """Remove the parameter from a request's ``META``; without an ``Authorization`` it becomes one."""
    query, values = _split(str(meta.get("QUERY_STRING", "")))
    if not values:
        return
    meta["QUERY_STRING"] = query
    for name in _RAW_ADDRESSES:
        if name in meta:
            path, mark, raw_query = str(meta[name]).partition("?")
            meta[name] = path + mark + _split(raw_query)[0]
    if values[0] and not meta.get("HTTP_AUTHORIZATION"):
        meta["HTTP_AUTHORIZATION"] = f"Bearer {values[0]}"


def _split(query: str) -> tuple[str, list[str]]:
    """Return a query without the parameter, and the parameter's values."""
    kept, values = [], []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if unquote_plus(name) == _PARAMETER:
            values.append(unquote_plus(value))
        else:
            kept.append(part)
    return "&".join(kept), values
