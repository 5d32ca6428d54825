"""Read with SQL that is written once.

Note: hot reads are SQL.
    Each bulk makes the same few reads, and with small bulks the ORM spends several times longer on building
    each query than the database on answering it: 6.6 ms of CPU for the reception of one request, 2.4 ms with
    SQL. These reads are written as SQL in the ``queries`` modules; everything else asks the ORM.
"""

import json
from collections.abc import Collection
from typing import Any, Final

from django.db import connection

from regards_processing.kernel.db import trips
from regards_processing.kernel.db.prepared import Parameters

#: What cannot go by an index is charged so much that PostgreSQL would compile it, for longer than it runs.
_BY_INDEX: Final = "; ".join(
    f"SET LOCAL {name} = off" for name in ("enable_sort", "enable_incremental_sort", "enable_seqscan", "jit")
)


def select(sql: str, parameters: Parameters, *, by_index: bool = False) -> list[tuple[Any, ...]]:
    """Return the rows of a query.

    Args:
        by_index: read by an index that has the rows in the order that is asked for. PostgreSQL would rather
            read what it takes for a small table from end to end, and sort it; it knows of a million new rows
            when it next analyses the table, a minute later. It does neither until the transaction ends.
    """
    setting = _BY_INDEX if by_index and connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        trips.execute(cursor, sql, parameters, setting=setting)
        return list(cursor.fetchall())


def among(values: Collection[Any]) -> tuple[str, list[Any]]:
    """Return the comparison "is one of these", to be written behind a column, and its parameters."""
    if connection.vendor == "postgresql":
        return "= ANY(%s)", [list(values)]
    return f"IN ({', '.join(['%s'] * len(values))})", list(values)


def for_update() -> str:
    """Return the clause that locks the rows read; nothing where a writer has the database for itself."""
    return "FOR UPDATE" if connection.features.has_select_for_update else ""


def json_value(stored: Any) -> Any:
    """Return the value of a JSON column that was read without the ORM."""
    return json.loads(stored) if isinstance(stored, str) else stored
