"""The database: PostgreSQL by URL, or a SQLite file."""

from typing import Any

import dj_database_url

from regards_processing.settings import env, places, tenancy

#: Connections stay open: opening one for each task or request costs more than the work.
_KEEP_OPEN = None
#: PostgreSQL, told by each connection whose rows it may show.
_TELLS_WHOSE_ROWS = "regards_processing.kernel.tenancy.postgresql"
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": env.integer("SQLITE_BUSY_SECONDS", 30, minimum=1),
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}

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
    configured = dict(dj_database_url.parse(url, conn_max_age=_KEEP_OPEN, conn_health_checks=True))
    if configured["ENGINE"] == "django.db.backends.sqlite3":
        configured["OPTIONS"] = _SQLITE_OPTIONS
    elif tenancy.ROW_LEVEL_SECURITY:
        configured["ENGINE"] = _TELLS_WHOSE_ROWS
    return {"default": configured}


DATABASES = databases()
