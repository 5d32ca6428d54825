"""Ordinary roles of PostgreSQL: tests connect as superuser, and superusers are above all policies."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy

import psycopg2
from django.db import connection, connections
from psycopg2 import sql

from regards_processing.kernel.tenancy import row_security
from regards_processing.kernel.tenancy.postgresql.base import DatabaseWrapper
from tests.factories.audit import ADA, NOON
from tests.stack.environment import throw_away_name

_RIGHTS = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}",
)


@contextmanager
def role_that_owns(url: str) -> Iterator[str]:
    """Make a role that owns a database for the duration of the block and give its name."""
    name = throw_away_name("owner")
    database = url.partition("?")[0].rpartition("/")[2]
    _execute(url, "CREATE ROLE {}", name)
    _execute(url, "ALTER DATABASE {1} OWNER TO {0}", name, database)
    _execute(url, "GRANT ALL ON SCHEMA public TO {}", name)
    try:
        yield name
    finally:
        _execute(url, "ALTER DATABASE {0} OWNER TO CURRENT_USER", database)
        _execute(url, "DROP OWNED BY {}", name)
        _execute(url, "DROP ROLE {}", name)


@contextmanager
def protected_tables() -> Iterator[str]:
    """Protect the tables of the test database, and give a role that is not above the policies."""
    row_security.switch(wanted=True, actor=ADA, at=NOON)
    with ordinary_role() as name:
        yield name
    row_security.switch(wanted=False, actor=ADA, at=NOON)


@contextmanager
def ordinary_role() -> Iterator[str]:
    """Make a role that may read and write the tables of the test database, and give its name."""
    name = throw_away_name("reader")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name}")
        for right in _RIGHTS:
            cursor.execute(right.format(name))
    try:
        yield name
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP OWNED BY {name}")
            cursor.execute(f"DROP ROLE {name}")


@contextmanager
def connected_as(role: str) -> Iterator[DatabaseWrapper]:
    """Let this thread use a connection of a role that tells the server whose rows it may see."""
    settings = deepcopy(connection.settings_dict)
    settings["OPTIONS"] = settings["OPTIONS"] | {"assume_role": role}
    superuser = connections["default"]
    connections["default"] = wrapper = DatabaseWrapper(settings, "default")
    try:
        yield wrapper
    finally:
        wrapper.close()
        connections["default"] = superuser


def _execute(url: str, statement: str, *names: str) -> None:
    with closing(psycopg2.connect(url.partition("?")[0])) as connected:
        connected.autocommit = True
        connected.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
