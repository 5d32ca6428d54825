"""Statements that PostgreSQL plans once, and not each time.

Note: prepared statements.
    Each bulk makes the same few statements, and PostgreSQL spends two to six times as long on planning one of
    them as on carrying it out (0.75 of 0.9 ms for the count of what is in flight). A text that comes again on
    a connection is therefore prepared there. psycopg2 does not do it by itself, and writes values into the
    text, so its own text is the same for every bulk only before that.

    PostgreSQL would weigh at each execution whether a plan for the very values is worth its making, and with
    lists of values often makes one. It is told not to: these statements go by the same indexes whatever the
    values.

    A plan is made for tables as they are. One made among ten rows must not be kept while they become a
    million: PostgreSQL notices when it has analysed a table, which may take a minute. So plans are thrown
    away every `_KEPT` seconds.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection
from django.db.backends.utils import CursorWrapper

#: How often a text comes before it is prepared: most texts that are not of the hot path come once.
_OFTEN: Final = 5
#: Statements that a connection keeps; the one that was not used for longest goes.
_MOST: Final = 200
#: Seconds that plans are kept.
_KEPT: Final = 5.0
#: Codes of PostgreSQL: no such statement (a pooler gave us another session), or a table has changed.
_STALE: Final = frozenset({"26000", "0A000"})
_EXECUTE: Final = "EXECUTE "

Parameters = Sequence[Any] | Mapping[str, Any]
#: SQL with psycopg2's places, and what goes there.
Statement = tuple[str, Parameters]


@dataclass(slots=True)
class _Statements:
    """What one session of the server has prepared."""

    #: How often each text came, until it is prepared.
    seen: OrderedDict[str, int] = field(default_factory=OrderedDict)
    #: Name of each prepared text.
    names: OrderedDict[str, str] = field(default_factory=OrderedDict)
    #: When plans were thrown away; never yet in a new session.
    planned_at: float = -math.inf


#: By connection of the driver.
sessions: Final[WeakKeyDictionary[Any, _Statements]] = WeakKeyDictionary()
#: A session that was given up may still have the names that it had.
_numbers: Final = count()


def execute(cursor: CursorWrapper, *statements: Statement, setting: str = "") -> None:
    """Execute statements in one trip, each prepared where it comes often; the cursor has the last result.

    Only PostgreSQL takes several, and only with parameters in their order.

    Args:
        setting: a statement of PostgreSQL that goes before them, and cannot be prepared.
    """
    found = [_text(cursor, sql, parameters) for sql, parameters in statements]
    if setting:
        found.insert(0, (setting, ()))
    try:
        if len(found) == 1:
            cursor.execute(*found[0])
        else:
            together = "; ".join(text for text, _ in found)
            cursor.execute(together, [value for _, parameters in found for value in parameters])
    except DatabaseError as error:
        if getattr(error.__cause__, "pgcode", None) in _STALE:
            # Whoever tries again gets them planned anew.
            sessions.pop(connection.connection, None)
            if any(text.startswith(_EXECUTE) for text, _ in found):
                # Nothing is wrong with what was to be done, and others must not take it for that.
                raise OperationalError(str(error)) from error
        raise


def _text(cursor: CursorWrapper, sql: str, parameters: Parameters) -> tuple[str, Parameters]:
    """Return what is sent to the server: the name of a prepared statement, or the statement as it is."""
    if not _can_be_prepared(parameters):
        return sql, parameters
    statements = sessions.setdefault(connection.connection, _Statements())
    name = statements.names.get(sql) or _prepare(cursor, statements, sql, len(parameters))
    if name is None:
        return sql, parameters
    statements.names.move_to_end(sql)
    _forget_old_plans(cursor, statements)
    places = f"({', '.join(['%s'] * len(parameters))})" if parameters else ""
    return f"{_EXECUTE}{name}{places}", parameters


def _can_be_prepared(parameters: Parameters) -> bool:
    return (
        settings.PREPARED_STATEMENTS
        and connection.vendor == "postgresql"
        and not isinstance(parameters, Mapping)
    )


def _prepare(cursor: CursorWrapper, statements: _Statements, sql: str, parameters: int) -> str | None:
    """Prepare a text that came often enough; return its name."""
    seen = statements.seen[sql] = statements.seen.pop(sql, 0) + 1
    if seen < _OFTEN:
        if len(statements.seen) > _MOST:
            statements.seen.popitem(last=False)
        return None
    name = f"regards_{next(_numbers)}"
    # Without parameters psycopg2 leaves the text alone, so %% must become % here.
    numbered = sql % tuple(f"${number}" for number in range(1, parameters + 1))
    cursor.execute(f"PREPARE {name} AS {numbered}")
    del statements.seen[sql]
    statements.names[sql] = name
    if len(statements.names) > _MOST:
        _, oldest = statements.names.popitem(last=False)
        cursor.execute(f"DEALLOCATE {oldest}")
    return name


def _forget_old_plans(cursor: CursorWrapper, statements: _Statements) -> None:
    now = time.monotonic()
    if now - statements.planned_at > _KEPT:
        # Again each time: a transaction that fails takes back what it has set.
        cursor.execute("SET plan_cache_mode = force_generic_plan; DISCARD PLANS")
        statements.planned_at = now
