"""Throw-away databases on the PostgreSQL server of the session."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
from psycopg2 import sql

from tests.stack.environment import throw_away_name, with_path


@contextmanager
def own_database(url: str | None) -> Iterator[str | None]:
    """Create a database for the duration of the block and give its URL; without a server, ``None``."""
    if url is None:
        yield None
        return
    name = throw_away_name("stack")
    _execute(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield with_path(url, name)
    finally:
        _execute(url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(url: str, statement: sql.Composed) -> None:
    with closing(psycopg2.connect(with_path(url, "postgres"))) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)
