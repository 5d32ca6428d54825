"""Let one process at a time do something."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from regards_processing.kernel.db.transactions import transaction


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """Hold the lock ``name`` for a transaction; give ``False`` when another process holds it.

    On PostgreSQL this is an advisory lock. SQLite has one writer at a time and needs none.
    """
    with transaction():
        if connection.vendor != "postgresql":
            yield True
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [zlib.crc32(name.encode())])
            (held,) = cursor.fetchone() or (False,)
        yield bool(held)
