"""The database: PostgreSQL by URL, or a SQLite file."""

from typing import Any, Final
from urllib.parse import urlsplit

import dj_database_url

from regards_processing.settings import env, places, tenancy
from workers.transport import addresses

#: Connections stay open: opening one for each task or request costs more than the work.
_KEEP_OPEN = None
#: PostgreSQL, told by each connection whose rows it may show.
_TELLS_WHOSE_ROWS = "regards_processing.kernel.tenancy.postgresql"
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": env.integer("SQLITE_BUSY_SECONDS", 30, minimum=1),
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}

_SCHEMES: Final = ("postgres", "postgresql", "pgsql", "sqlite")
_SQLITE: Final = "django.db.backends.sqlite3"

#: Statements that come often are planned once a connection. Not behind a pooler that gives each transaction
#: another session.
PREPARED_STATEMENTS = env.boolean("DATABASE_PREPARED_STATEMENTS", default=True)
#: Writes whose result nobody waits for travel together. Off where tests look at each statement.
WRITES_TOGETHER = True


def databases() -> dict[str, Any]:
    """Return Django's ``DATABASES``."""
    if not places.DATABASE_URL:
        places.VAR.mkdir(parents=True, exist_ok=True)
    url = places.DATABASE_URL or f"sqlite:///{places.VAR / 'regards.sqlite3'}"
    configured = _parsed(url)
    if configured["ENGINE"] == _SQLITE:
        configured["OPTIONS"] = _SQLITE_OPTIONS
    elif tenancy.ROW_LEVEL_SECURITY:
        configured["ENGINE"] = _TELLS_WHOSE_ROWS
    return {"default": configured}


def _parsed(url: str) -> dict[str, Any]:
    """Return what a URL says, or refuse one that is none, or that names no database."""
    try:
        known = urlsplit(url).scheme in _SCHEMES
        parsed = (
            dict(dj_database_url.parse(url, conn_max_age=_KEEP_OPEN, conn_health_checks=True))
            if known
            else {}
        )
    except ValueError:
        parsed = {}
    if parsed and (_names_a_file(parsed) if parsed["ENGINE"] == _SQLITE else _names_a_database(parsed)):
        return parsed
    raise env.refused_address(
        "DATABASE_URL",
        url,
        "postgres, postgresql or pgsql, followed by ://user:password@host:port/name "
        f"({addresses.ESCAPES}), or sqlite:////path/of/file",
    )


def _names_a_file(parsed: dict[str, Any]) -> bool:
    # With two slashes only, the name would be taken for a host, and rows be kept in memory.
    return not parsed.get("HOST")


def _names_a_database(parsed: dict[str, Any]) -> bool:
    # Without a host it is reached by a socket of this machine; a service has a file that tells all.
    return bool(parsed["NAME"] or parsed.get("OPTIONS", {}).get("service"))


DATABASES = databases()
