"""The environment of a test session: its own folder, database and virtual host, whatever the caller's are."""

import os
import secrets
import tempfile
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """The servers that the caller offers; ``None`` means the embedded stand-in."""

    database_url: str | None
    broker_url: str | None

    @classmethod
    def from_environment(cls) -> Self:
        """Read the servers from ``DATABASE_URL`` and ``BROKER_URL``."""
        return cls(
            database_url=os.environ.get("DATABASE_URL") or None,
            broker_url=os.environ.get("BROKER_URL") or None,
        )

    def offer_again(self) -> None:
        """Undo what `prepare_session` did, for the processes that are started from here."""
        given = {"DATABASE_URL": self.database_url, "BROKER_URL": self.broker_url}
        os.environ.update({name: url for name, url in given.items() if url})
        del os.environ["DJANGO_SETTINGS_MODULE"]

    @property
    def embedded(self) -> bool:
        """Say whether there is no server at all."""
        return self.database_url is None and self.broker_url is None

    @property
    def postgres(self) -> bool:
        """Say whether the database is PostgreSQL."""
        return (self.database_url or "").startswith("postgres")


def throw_away_name(subject: str) -> str:
    """Return a name that no other session uses, fit for a database and for a virtual host."""
    return f"regards_{subject}_{os.getpid()}_{secrets.token_hex(3)}"


def with_path(url: str, path: str) -> str:
    """Return a URL with another path: the name of a database or of a virtual host."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{path}", parts.query, parts.fragment))


def prepare_session(*, servers: Servers) -> None:
    """Set the variables that Django's settings are read from, before anything reads them."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "regards_processing.settings.test"
    os.environ["REGARDS_VAR"] = tempfile.mkdtemp(prefix="regards-session-")
    os.environ["SECRET_KEY"] = os.environ["REGARDS_JWT_SECRET"] = secrets.token_urlsafe(48)
    if servers.database_url:
        os.environ["DATABASE_URL"] = with_path(servers.database_url, throw_away_name("session"))
    if servers.broker_url:
        os.environ["BROKER_URL"] = with_path(servers.broker_url, throw_away_name("session"))
