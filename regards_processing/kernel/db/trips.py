"""Statements on their way to the database: writes that nobody waits for travel with the next one.

Note: one trip.
    With small bulks a way to PostgreSQL and back costs more than what most statements do there. Of the writes
    at the end of a bulk only one gives something back, the key of the outbox entry. In a block of
    `in_one_trip` the others are kept and sent with it, in their order, as one text. Whatever else is asked of
    the connection meanwhile, by the ORM as well, is asked after them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper

from regards_processing.kernel.db import prepared
from regards_processing.kernel.db.prepared import Parameters, Statement
from regards_processing.kernel.db.transactions import transaction_required

#: Writes of the block that were not sent yet.
_kept: Final[ContextVar[list[Statement] | None]] = ContextVar("kept", default=None)


@contextmanager
def in_one_trip() -> Iterator[None]:
    """Keep the `write`s of a block until another statement is executed, or until its end.

    When the block fails, what was not sent is dropped: so a transaction is open, which fails as well.

    Raises:
        TransactionRequired: no transaction is open.
    """
    transaction_required()
    if _kept.get() is not None or connection.vendor != "postgresql" or not settings.WRITES_TOGETHER:
        yield
        return
    token = _kept.set([])
    try:
        with connection.execute_wrapper(_after_those_kept):
            yield
            _send_kept()
    finally:
        _kept.reset(token)


def write(sql: str, parameters: Parameters) -> None:
    """Execute a statement that gives nothing back, at once or on the next trip."""
    kept = _kept.get()
    if kept is not None:
        kept.append((sql, parameters))
        return
    with connection.cursor() as cursor:
        prepared.execute(cursor, (sql, parameters))


def execute(cursor: CursorWrapper, sql: str, parameters: Parameters, *, setting: str = "") -> None:
    """Execute a statement, and those kept before it; the cursor has its result."""
    prepared.execute(cursor, *_taken(), (sql, parameters), setting=setting)


def _send_kept() -> None:
    if statements := _taken():
        with connection.cursor() as cursor:
            prepared.execute(cursor, *statements)


def _taken() -> list[Statement]:
    kept = _kept.get()
    if not kept:
        return []
    statements = list(kept)
    kept.clear()
    return statements


def _after_those_kept(execute: Callable[..., Any], *statement: Any) -> Any:
    """Send what is kept before a statement that does not come by here."""
    _send_kept()
    return execute(*statement)
