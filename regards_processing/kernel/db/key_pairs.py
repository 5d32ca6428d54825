"""Look rows up by keys of two columns."""

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import connection


def of_pairs(
    *,
    table: str,
    columns: str,
    key: Mapping[str, str],
    pairs: Collection[tuple[Any, Any]],
    condition: str = "true",
) -> tuple[str, list[object]]:
    """Return the query of the rows of a table whose two key columns are one of these pairs, for `select`.

    Each pair is looked up by itself, and its rows are asked for in the order that one index has. Asked for
    any of the first values and any of the second ones, PostgreSQL would read all that the first has, by
    whatever index, as long as it believes that to be a row or two.

    Args:
        key: the two columns, and their types in PostgreSQL.
        condition: the condition of a partial index, in the words of that; or of what is wanted of those rows.
            Its parameters go behind the others.
    """
    first, second = key
    if connection.vendor == "postgresql":
        wanted = ", ".join(f"%s::{kind}[]" for kind in key.values())
        query = (
            f"SELECT found.* FROM unnest({wanted}) AS wanted({first}, {second}) "  # noqa: S608
            f"CROSS JOIN LATERAL (SELECT {columns} FROM {table} WHERE {condition} "
            f"AND {first} = wanted.{first} AND {second} BETWEEN wanted.{second} AND wanted.{second} "
            f"ORDER BY {second}) AS found"
        )
        return query, list(map(list, zip(*pairs, strict=True)))
    wanted = (
        "SELECT json_extract(value, '$[0]') AS wanted_first, json_extract(value, '$[1]') AS wanted_second "
        "FROM json_each(%s)"
    )
    query = (
        f"SELECT {columns} FROM ({wanted}) CROSS JOIN {table} "  # noqa: S608
        f"ON {first} = wanted_first AND {second} = wanted_second WHERE {condition}"
    )
    return query, [json.dumps(list(pairs), default=_as_sqlite_has_it)]


def _as_sqlite_has_it(value: UUID) -> str:
    return value.hex
