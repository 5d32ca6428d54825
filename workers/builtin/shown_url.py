"""How a URL is shown to people: without what only its owner should know."""

from typing import Final
from urllib.parse import urlsplit

#: Characters, as many as bodies take; the rest is cut.
_LONGEST: Final = 4096
_UNREADABLE: Final = 200
#: Protocols whose URLs may be signed: whoever has the query has the file.
_SIGNED: Final = ("http:", "https:")


def shown(url: str) -> str:
    """Return a URL without user name and password, and one of the web without what its query says."""
    plain = without_user(url)
    query = plain.find("?")
    if query >= 0 and plain[:query].lower().startswith(_SIGNED):
        plain = f"{plain[:query]}?…"
    return plain[:_LONGEST]


def without_user(url: str) -> str:
    """Return a URL without user name and password."""
    try:
        user, at, _ = urlsplit(url).netloc.rpartition("@")
    except ValueError:
        return url[:_UNREADABLE]
    return url.replace(user + at, "", 1) if at else url


def masked(text: str, url: str) -> str:
    """Return a text with a URL in it as people may see it."""
    for whole in (url, without_user(url)):
        text = text.replace(whole, shown(url))
    return text
