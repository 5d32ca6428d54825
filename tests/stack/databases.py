"""Throw-away databases on the PostgreSQL server of the session."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from tests.stack.environment import throw_away_name, with_path


@contextmanager
def own_database(url: str | None, *, like: str | None = None) -> Iterator[str | None]:
    """Create a database for the duration of the block and give its URL; without a server, ``None``.

    ``like`` is the URL of one to copy, which nobody uses meanwhile; otherwise the new one is empty.
    """
    if url is None:
        yield None
        return
    name, copied = throw_away_name("stack"), urlsplit(like).path.lstrip("/") if like else "template1"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _execute(url, create.format(sql.Identifier(name), sql.Identifier(copied)))
    try:
        yield with_path(url, name)
    finally:
        _execute(url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(url: str, statement: sql.Composed) -> None:
    with closing(psycopg2.connect(with_path(url, "postgres"))) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)
