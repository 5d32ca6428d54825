"""Statements that nobody waits for longer than they can afford."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from regards_processing.kernel.db.transactions import transaction


@contextmanager
def statements_within(*, seconds: float) -> Iterator[None]:
    """Let PostgreSQL end statements of this block that take longer.

    SQLite has no such limit, and a transaction would wait there for who writes: it just reads.

    Raises:
        OperationalError: a statement took longer.
    """
    if connection.vendor != "postgresql":
        yield
        return
    with transaction():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])
        yield
