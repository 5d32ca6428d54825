"""Locks that are not on rows."""

import zlib

from django.db import connection

from regards_processing.kernel.db.transactions import transaction_required


def one_at_a_time(*names: str) -> None:
    """Let no other transaction past the same call until this one ends: advisory locks, taken in turn.

    Several are taken in one statement and in one order, so that two calls do not wait for each other.
    SQLite needs none: our transactions are IMMEDIATE there, so a writer has the database for itself.

    Raises:
        TransactionRequired: no transaction is open.
    """
    transaction_required()
    if names and connection.vendor == "postgresql":
        keys = sorted({zlib.crc32(name.encode()) for name in names})
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key", [keys])
