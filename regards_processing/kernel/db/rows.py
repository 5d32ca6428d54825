"""Write many rows with one statement.

Note: one statement a bulk.
    On the road of a request a statement per row is the trap. PostgreSQL gets one array per column
    (``unnest``): the statement's text does not depend on the number of rows. A column that is the same in
    every row, as most are in a bulk, travels once: the driver writes every value of an array by itself.
    SQLite has no arrays and gets ``VALUES``, in pieces that fit its limit of variables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import BinaryField, Field, JSONField, Model

from regards_processing.kernel.db.reads import among

Row = Sequence[Any]
#: Variables of one statement that every SQLite since 3.32 accepts.
_SQLITE_VARIABLES: Final = 32_766


def insert_new(
    *, model: type[Model], columns: Sequence[str], rows: Sequence[Row], returning: Sequence[str]
) -> list[Row]:
    """Insert the rows that break no unique constraint; return ``returning`` of those that were inserted."""
    fields = _fields(model, columns)
    names = ", ".join(_quoted(field) for field in fields)
    wanted = ", ".join(_quoted(field) for field in _fields(model, returning))
    inserted: list[Row] = []
    for source, parameters in _sources(fields, rows):
        sql = f"INSERT INTO {_table(model)} ({names}) {source} ON CONFLICT DO NOTHING RETURNING {wanted}"
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            inserted.extend(cursor.fetchall())
    return inserted


def upsert(
    *,
    model: type[Model],
    key: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Row],
    kept: Sequence[str] = (),
) -> None:
    """Insert rows, or overwrite the columns, but those ``kept``, of the row with the same key.

    The keys of the rows are distinct.
    """
    fields = _fields(model, [*key, *columns])
    names = ", ".join(_quoted(field) for field in fields)
    conflict = ", ".join(_quoted(field) for field in _fields(model, key))
    changed = _fields(model, [column for column in columns if column not in kept])
    changes = ", ".join(f"{_quoted(field)} = excluded.{_quoted(field)}" for field in changed)
    for source, parameters in _sources(fields, rows):
        sql = (
            f"INSERT INTO {_table(model)} ({names}) {source} ON CONFLICT ({conflict}) DO UPDATE SET {changes}"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)


def update(*, model: type[Model], columns: Sequence[str], rows: Sequence[Row]) -> int:
    """Set ``columns`` of each row by primary key (the first value of a row); return how many changed."""
    fields = [model._meta.pk, *_fields(model, columns)]
    changes = ", ".join(
        f"{_quoted(field)} = given.{_given(position)}" for position, field in enumerate(fields[1:], start=2)
    )
    key, changed = _quoted(fields[0]), 0
    for source, parameters in _sources(fields, rows):
        sql = (
            f"UPDATE {_table(model)} SET {changes} FROM ({source}) AS given{_column_list(fields)} "  # noqa: S608 (names of our own tables)
            f"WHERE {_table(model)}.{key} = given.{_given(1)}"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            changed += cursor.rowcount
    return changed


def delete(*, model: type[Model], keys: Collection[Any]) -> int:
    """Delete rows by primary key, and nothing that hangs on them; return how many there were."""
    wanted, parameters = among(keys)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_table(model)} WHERE {_quoted(model._meta.pk)} {wanted}", parameters)  # noqa: S608
        return int(cursor.rowcount)


def _sources(fields: Sequence[Field[Any, Any]], rows: Sequence[Row]) -> Iterator[tuple[str, list[Any]]]:
    """Give the rows as one table expression (several on SQLite) and its parameters."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        yield _unnested(fields, rows)
        return
    piece = _SQLITE_VARIABLES // len(fields)
    for start in range(0, len(rows), piece):
        part = rows[start : start + piece]
        places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * len(part))
        # WHERE true: without it SQLite reads the ON of ON CONFLICT as a join's.
        yield (
            f"SELECT * FROM (VALUES {places}) WHERE true",  # noqa: S608
            [
                field.get_db_prep_save(value, connection)
                for row in part
                for field, value in zip(fields, row, strict=True)
            ],
        )


def _unnested(fields: Sequence[Field[Any, Any]], rows: Sequence[Row]) -> tuple[str, list[Any]]:
    chosen, arrays, values, lists = list[str](), list[str](), list[Any](), list[Any]()
    for position, (field, column) in enumerate(zip(fields, zip(*rows, strict=True), strict=True)):
        # The first one says how many rows there are.
        if position and _is_constant(field, column):
            chosen.append(f"%s::{_base_type(field)}")
            values += _adapted(field, column[:1])
        else:
            chosen.append(f"given.{_given(len(arrays) + 1)}")
            arrays.append(f"%s::{_base_type(field)}[]")
            lists.append(_adapted(field, column))
    names = ", ".join(_given(number + 1) for number in range(len(arrays)))
    sql = f"SELECT {', '.join(chosen)} FROM unnest({', '.join(arrays)}) AS given({names})"  # noqa: S608
    return sql, [*values, *lists]


def _is_constant(field: Field[Any, Any], column: Sequence[Any]) -> bool:
    """Tell whether a column has one value; two that only look alike, as JSON's 1 and true, are two."""
    first = column[0]
    if isinstance(field, JSONField | BinaryField):
        return all(value is first for value in column)
    return column.count(first) == len(column)


def _adapted(field: Field[Any, Any], column: Sequence[Any]) -> list[Any]:
    """Return a column as PostgreSQL's driver wants it; most types it knows as they are."""
    if isinstance(field, JSONField | BinaryField):
        return [field.get_db_prep_save(value, connection) for value in column]
    return list(column)


def _column_list(fields: Sequence[Field[Any, Any]]) -> str:
    if connection.vendor == "postgresql":
        return f"({', '.join(_given(position) for position in range(1, len(fields) + 1))})"
    return ""


def _given(position: int) -> str:
    # SQLite names the columns of VALUES so, and lets nobody rename them.
    return f"column{position}"


def _fields(model: type[Model], names: Sequence[str]) -> list[Field[Any, Any]]:
    return [model._meta.get_field(name) for name in names]  # type: ignore[misc]


def _base_type(field: Field[Any, Any]) -> str:
    # A cast to varchar(n) would cut silently; without the length the insertion itself refuses.
    return (field.db_type(connection) or "").partition("(")[0]


def _quoted(field: Field[Any, Any]) -> str:
    return connection.ops.quote_name(field.column or "")


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)
