"""Files of web servers: each comes by one request, that may last while the server has something to say."""

from collections.abc import Callable
from typing import Any, Final

import aiohttp
from yarl import URL

from workers.sdk import InvalidContent

PROTOCOLS: Final = frozenset({"http", "https"})


def options(
    *, connect: float, read: float, check_redirect: Callable[[str], object] | None = None
) -> dict[str, Any]:
    """Return what fsspec needs to know of time-outs and of redirects.

    Args:
        connect: seconds for a connection.
        read: seconds between two signs of life.
        check_redirect: hears of each URL that a server sends its clients on to; refuses it by raising
            ``InvalidContent``.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
    traces = [_checking(check_redirect)] if check_redirect else []
    return {"client_kwargs": {"timeout": timeout, "trace_configs": traces}}


def stream(filesystem: Any, path: str, *, at: int = 0) -> Any:
    """Return a file to read: from ``at`` on, or, where the server knows no ranges, from its start."""
    # The ranges that fsspec would ask for one by one are not understood everywhere.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={at}-"} if at else {})
    return filesystem.open(path, "rb", block_size=0, size=1, headers=headers)


def _checking(check_redirect: Callable[[str], object]) -> aiohttp.TraceConfig:
    async def look(_session: Any, _context: Any, told: aiohttp.TraceRequestRedirectParams) -> None:
        headers = told.response.headers
        location = headers.get("Location") or headers.get("URI") or ""
        try:
            check_redirect(str(told.url.join(URL(location))))
        except InvalidContent as error:
            told.response.close()
            # Of the system's errors, it comes through the libraries as one that does not pass.
            raise PermissionError(str(error)) from error

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(look)
    return trace
