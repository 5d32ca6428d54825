"""Where a call comes from. Pure."""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

_FORWARDED: Final = "HTTP_X_FORWARDED_FOR"


def client_address(meta: Mapping[str, Any], *, trusted_proxies: int) -> str:
    """Return the address of the client that made a call.

    Each trusted proxy appends to ``X-Forwarded-For`` whom it was called by, so with n of them the n-th entry
    from the end was written by a proxy of ours; what stands before it is the client's own claim. When there
    are fewer entries the call went past the proxies, and the peer is the client.

    Args:
        meta: the request's ``META``.
        trusted_proxies: how many proxies of ours every call goes through.
    """
    peer = str(meta.get("REMOTE_ADDR") or "")
    entries = [entry.strip() for entry in str(meta.get(_FORWARDED) or "").split(",")]
    if not trusted_proxies or len(entries) < trusted_proxies:
        return peer
    return _plain(entries[-trusted_proxies]) or peer


def _plain(entry: str) -> str:
    """Return an address without its port; nothing when it is not one."""
    host = entry
    if entry.startswith("["):
        host = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        host = entry.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""
