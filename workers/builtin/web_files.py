"""Files of web servers: each comes by one request, that may last while the server has something to say."""

from typing import Any, Final

import aiohttp

PROTOCOLS: Final = frozenset({"http", "https"})


def options(*, connect: float, read: float) -> dict[str, Any]:
    """Return what fsspec needs to know of time-outs.

    Args:
        connect: seconds for a connection.
        read: seconds between two signs of life.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
    return {"client_kwargs": {"timeout": timeout}}


def stream(filesystem: Any, path: str, *, at: int = 0) -> Any:
    """Return a file to read: from ``at`` on, or, where the server knows no ranges, from its start."""
    # The ranges that fsspec would ask for one by one are not understood everywhere.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={at}-"} if at else {})
    return filesystem.open(path, "rb", block_size=0, size=1, headers=headers)
