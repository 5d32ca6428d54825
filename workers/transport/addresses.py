"""URLs of servers, as settings give them: which ones can be used, and how they are shown."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

#: Schemes of the broker's URL; the last one is a name that Celery has for the first.
BROKER_SCHEMES: Final = ("amqp", "amqps", "pyamqp")
#: Why most URLs with a good password are wrong.
ESCAPES: Final = "/ of a password is written %2F, @ %40, # %23"

_SCHEME: Final = re.compile(r"[A-Za-z0-9+.-]+://")
#: Without any of these a text holds no password.
_OF_PASSWORDS: Final = frozenset(":@/")


def names_a_server(url: str, *, schemes: Sequence[str], by_socket: bool = False) -> bool:
    """Tell whether a URL has one of the schemes, a host, and no port that can be none.

    Args:
        by_socket: without a host, a server of this machine is meant.
    """
    try:
        parts = urlsplit(url)
        # To ask for a port that is no number, or too large a one, is an error.
        return parts.scheme in schemes and bool(parts.hostname or by_socket) and parts.port != 0
    except ValueError:
        return False


def server_of(*schemes: str) -> str:
    """Say what is expected of such a URL."""
    return f"{' or '.join(schemes)}, followed by ://host or ://user:password@host:port ({ESCAPES})"


def shown(url: str) -> str:
    """Return as much of a URL, or of what should be one, as certainly is no password."""
    scheme = _SCHEME.match(url)
    if scheme:
        return url if scheme.end() == len(url) else f"{scheme[0]}…"
    return "…" if _OF_PASSWORDS.intersection(url) else url
