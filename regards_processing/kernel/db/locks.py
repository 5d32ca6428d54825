"""Locks that are not on rows."""

import zlib

from django.db import connection

from regards_processing.kernel.db.transactions import transaction_required


def one_at_a_time(name: str) -> None:
    """Let no other transaction past the same call until this one ends: an advisory lock, taken in turn.

    SQLite needs none: our transactions are IMMEDIATE there, so a writer has the database for itself.

    Raises:
        TransactionRequired: no transaction is open.
    """
    transaction_required()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(name.encode())])
