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

_SORT_NOTHING: Final = "SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off"


def select(sql: str, parameters: Parameters, *, in_order: bool = False) -> list[tuple[Any, ...]]:
    """Return the rows of a query.

    Args:
        in_order: read by an index that has the rows in the order that is asked for. PostgreSQL would rather
            sort what it takes for a few rows, and knows of a million new ones when it next analyses the
            table, a minute later. It sorts nothing that an index has until the transaction ends.
    """
    setting = _SORT_NOTHING if in_order and connection.vendor == "postgresql" else ""
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
