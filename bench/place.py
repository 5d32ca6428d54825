"""Where a benchmark runs: a throw-away database and virtual host on the given servers, and a folder."""

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from bench.options import FleetShape
from tests.stack.databases import own_database
from tests.stack.vhosts import own_vhost

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: What of the caller's environment reaches the processes that are measured: no setting of the platform does.
_PASSED_ON = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV")


class NotOnThisMachine(Exception):
    """A server is elsewhere: what its processes use could not be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where everything of one benchmark lives."""

    database_url: str
    broker_url: str
    folder: Path
    environment: Mapping[str, str]

    def execute(self, statement: str) -> None:
        """Run a statement in the database."""
        with (
            closing(psycopg2.connect(self.database_url)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)

    def number(self, query: str) -> int:
        """Return the one number that a query gives."""
        with closing(psycopg2.connect(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            (value,) = cursor.fetchone() or (0,)
            return int(value)

    def texts(self, query: str) -> list[str]:
        """Return the one column that a query gives."""
        with closing(psycopg2.connect(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return [str(value) for (value,) in cursor.fetchall()]


@contextmanager
def own_place(*, database_url: str, broker_url: str, shape: FleetShape) -> Iterator[Place]:
    """Make a place for the duration of the block, and remove all of it afterwards.

    Raises:
        NotOnThisMachine: a server is not on the loopback interface.
    """
    for url in (database_url, broker_url):
        if urlsplit(url).hostname not in _LOOPBACK:
            raise NotOnThisMachine(
                f"{urlsplit(url).hostname} is refused: the servers must be on this machine (127.0.0.1)"
            )
    with (
        own_database(database_url) as database,
        own_vhost(broker_url) as vhost,
        tempfile.TemporaryDirectory(prefix="regards-bench-") as folder,
    ):
        yield Place(
            database_url=database or "",
            broker_url=vhost or "",
            folder=Path(folder),
            environment=_environment(database or "", vhost or "", folder, shape),
        )


def _environment(database_url: str, broker_url: str, folder: str, shape: FleetShape) -> dict[str, str]:
    secret = secrets.token_urlsafe(48)
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
        "BROKER_URL": broker_url,
        "DATABASE_URL": database_url,
        # A worker type that is alive by one heartbeat stays so for the whole benchmark.
        "HEARTBEAT_EXPIRY_SECONDS": "86400",
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
        "REGARDS_JWT_SECRET": secret,
        "REGARDS_VAR": folder,
        "SECRET_KEY": secret,
        "WORKER_MODULES": "bench.noop",
        "WORKER_PREFETCH": str(shape.prefetch),
    }
