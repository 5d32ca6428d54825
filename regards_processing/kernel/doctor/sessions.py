"""What a pooler before PostgreSQL makes of sessions."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from regards_processing.kernel.doctor.findings import Finding, failed, ok, skipped

#: Gives the number of the server's process that a connection is answered by.
Ask = Callable[[], int]
#: Times that two connections are compared: other clients of a pooler may come between.
_TIMES: Final = 10


def sessions_kept(_at: datetime) -> Iterator[Finding]:
    """Tell whether each connection has a session of its own, where something that is set up needs that."""
    if connection.vendor != "postgresql":
        yield skipped("There is nothing between the platform and its database")
        return
    with closing(connection.copy()) as other:
        shared = are_shared(lambda: _process_of(connection), lambda: _process_of(other))
    if not shared:
        yield ok("Each connection to the database has a session of its own")
        return
    found = list(problems())
    yield from found
    if not found:
        yield ok("A pooler gives each transaction another session, and nothing that is set up needs one")


def are_shared(first: Ask, second: Ask) -> bool:
    """Tell whether two connections, asked in turns, ever get the same session, or one of them another one."""
    answers = [(first(), second()) for _ in range(_TIMES)]
    return len(set(answers)) > 1 or answers[0][0] == answers[0][1]


def problems() -> Iterator[Finding]:
    """Tell what is set up that needs a session for more than a transaction."""
    found = "A pooler gives each transaction another session"
    pooler = "or let it keep one for each connection (PgBouncer: pool_mode = session)"
    if settings.PREPARED_STATEMENTS:
        yield failed(
            f"{found}: statements that one has planned are not found in the next, and bulks are begun again",
            advice=f"Set DATABASE_PREPARED_STATEMENTS=false, {pooler}.",
        )
    if settings.ROW_LEVEL_SECURITY:
        yield failed(
            f"{found}: a call may see rows of the tenant that another one said before",
            advice=f"Set ROW_LEVEL_SECURITY=false, {pooler}.",
        )


def _process_of(asked: BaseDatabaseWrapper) -> int:
    with asked.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((process,),) = cursor.fetchall()
    return int(process)
