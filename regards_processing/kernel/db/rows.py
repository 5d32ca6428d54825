"""Write many rows with one statement.

Note: one statement a bulk.
    On the road of a request a statement per row is the trap. PostgreSQL gets one array per column
    (``unnest``): the statement's text does not depend on the number of rows. A column that is the same in
    every row, as most are in a bulk, travels once: the driver writes every value of an array by itself.
    SQLite has no arrays and gets ``VALUES``, in pieces that fit its limit of variables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from django.db import connection
from django.db.models import BinaryField, Field, JSONField, Model

from regards_processing.kernel.db import trips
from regards_processing.kernel.db.reads import among

Row = Sequence[Any]
#: Variables of one statement that every SQLite since 3.32 accepts.
_SQLITE_VARIABLES: Final = 32_766


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns of a model, as statements write them. Made once: Django looks everything up each time."""

    table: str
    fields: tuple[Field[Any, Any], ...]
    #: Names, quoted.
    names: tuple[str, ...]
    #: Types of PostgreSQL, without a length: a cast to varchar(n) would cut silently, the insertion refuses.
    types: tuple[str, ...]
    #: Whether values have to be prepared for PostgreSQL's driver; most it takes as they are.
    prepared: tuple[bool, ...]

    @property
    def listed(self) -> str:
        return ", ".join(self.names)


def insert_new(
    *, model: type[Model], columns: Sequence[str], rows: Sequence[Row], returning: Sequence[str]
) -> list[Row]:
    """Insert the rows that break no unique constraint; return ``returning`` of those that were inserted."""
    given, wanted = _columns(model, tuple(columns)), _columns(model, tuple(returning)).listed
    inserted: list[Row] = []
    for source, parameters in _sources(given, rows):
        sql = f"{_insertion(given, source)} RETURNING {wanted}"
        with connection.cursor() as cursor:
            trips.execute(cursor, sql, parameters)
            inserted.extend(cursor.fetchall())
    return inserted


def insert(*, model: type[Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert the rows that break no unique constraint."""
    given = _columns(model, tuple(columns))
    for source, parameters in _sources(given, rows):
        trips.write(_insertion(given, source), parameters)


def _insertion(given: _Columns, source: str) -> str:
    return f"INSERT INTO {given.table} ({given.listed}) {source} ON CONFLICT DO NOTHING"


def upsert(
    *,
    model: type[Model],
    key: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Row],
    kept: Sequence[str] = (),
    kept_while: Mapping[str, tuple[str, Any]] = MappingProxyType({}),
) -> None:
    """Insert rows, or overwrite the columns of the row with the same key; the keys of the rows are distinct.

    Args:
        kept: columns that are not overwritten.
        kept_while: columns that are not either, unless they are empty, while another column of the row, as it
            was before, is above a value.
    """
    given, conflict = _columns(model, (*key, *columns)), _columns(model, tuple(key)).listed
    changed = _columns(model, tuple(name for name in columns if name not in (*kept, *kept_while))).names
    changes = [f"{name} = excluded.{name}" for name in changed]
    bounds = [_kept_above(model, name, *condition) for name, condition in kept_while.items()]
    changes += [change for change, _ in bounds]
    for source, parameters in _sources(given, rows):
        sql = (
            f"INSERT INTO {given.table} ({given.listed}) {source} "
            f"ON CONFLICT ({conflict}) DO UPDATE SET {', '.join(changes)}"
        )
        trips.write(sql, [*parameters, *(bound for _, bound in bounds)])


def _kept_above(model: type[Model], column: str, other: str, bound: Any) -> tuple[str, Any]:
    """Return the change of a column that is kept while another one is above a bound, and the bound."""
    both = _columns(model, (column, other))
    name, above = both.names
    change = (
        f"{name} = CASE WHEN {both.table}.{above} > %s "
        f"THEN COALESCE({both.table}.{name}, excluded.{name}) ELSE excluded.{name} END"
    )
    return change, both.fields[1].get_db_prep_save(bound, connection)


def update(*, model: type[Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Set ``columns`` of each row by primary key (the first value of a row).

    PostgreSQL is told the keys once more, by themselves: a table that was nearly empty when it last looked it
    would else read from end to end, to join it with the rows.
    """
    given = _columns(model, ("pk", *columns))
    key, *others = given.names
    changes = ", ".join(f"{name} = given.{_given(position)}" for position, name in enumerate(others, start=2))
    named, keys = "", list[Any]()
    if connection.vendor == "postgresql":
        wanted, keys = among([row[0] for row in rows])
        named = f" AND {given.table}.{key} {wanted}"
    for source, parameters in _sources(given, rows):
        sql = (
            f"UPDATE {given.table} SET {changes} FROM ({source}) AS given{_column_list(given)} "  # noqa: S608 (names of our own tables)
            f"WHERE {given.table}.{key} = given.{_given(1)}{named}"
        )
        trips.write(sql, [*parameters, *keys])


def delete(*, model: type[Model], keys: Collection[Any]) -> None:
    """Delete rows by primary key, and nothing that hangs on them."""
    given = _columns(model, ("pk",))
    wanted, parameters = among(keys)
    trips.write(f"DELETE FROM {given.table} WHERE {given.listed} {wanted}", parameters)  # noqa: S608


@cache
def _columns(model: type[Model], names: tuple[str, ...]) -> _Columns:
    meta, quote = model._meta, connection.ops.quote_name
    fields: list[Any] = [meta.pk if name == "pk" else meta.get_field(name) for name in names]
    return _Columns(
        table=quote(meta.db_table),
        fields=tuple(fields),
        names=tuple(quote(field.column or "") for field in fields),
        types=tuple((field.db_type(connection) or "").partition("(")[0] for field in fields),
        prepared=tuple(isinstance(field, JSONField | BinaryField) for field in fields),
    )


def _sources(columns: _Columns, rows: Sequence[Row]) -> Iterator[tuple[str, list[Any]]]:
    """Give the rows as one table expression (several on SQLite) and its parameters."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        yield _unnested(columns, rows)
        return
    piece = _SQLITE_VARIABLES // len(columns.fields)
    for start in range(0, len(rows), piece):
        part = rows[start : start + piece]
        places = ", ".join([f"({', '.join(['%s'] * len(columns.fields))})"] * len(part))
        # WHERE true: without it SQLite reads the ON of ON CONFLICT as a join's.
        yield (
            f"SELECT * FROM (VALUES {places}) WHERE true",  # noqa: S608
            [
                field.get_db_prep_save(value, connection)
                for row in part
                for field, value in zip(columns.fields, row, strict=True)
            ],
        )


def _unnested(columns: _Columns, rows: Sequence[Row]) -> tuple[str, list[Any]]:
    chosen, arrays, values, lists = list[str](), list[str](), list[Any](), list[Any]()
    for position, column in enumerate(zip(*rows, strict=True)):
        kind = columns.types[position]
        # The first one says how many rows there are.
        if position and _is_constant(column, prepared=columns.prepared[position]):
            chosen.append(f"%s::{kind}")
            values += _adapted(columns, position, column[:1])
        else:
            chosen.append(f"given.{_given(len(arrays) + 1)}")
            arrays.append(f"%s::{kind}[]")
            lists.append(_adapted(columns, position, column))
    names = ", ".join(_given(number + 1) for number in range(len(arrays)))
    sql = f"SELECT {', '.join(chosen)} FROM unnest({', '.join(arrays)}) AS given({names})"  # noqa: S608
    return sql, [*values, *lists]


def _is_constant(column: Sequence[Any], *, prepared: bool) -> bool:
    """Tell whether a column has one value; two that only look alike, as JSON's 1 and true, are two."""
    first = column[0]
    if prepared:
        return all(value is first for value in column)
    return column.count(first) == len(column)


def _adapted(columns: _Columns, position: int, column: Sequence[Any]) -> list[Any]:
    if columns.prepared[position]:
        return [columns.fields[position].get_db_prep_save(value, connection) for value in column]
    return list(column)


def _column_list(columns: _Columns) -> str:
    if connection.vendor == "postgresql":
        return f"({', '.join(_given(position) for position in range(1, len(columns.fields) + 1))})"
    return ""


def _given(position: int) -> str:
    # SQLite names the columns of VALUES so, and lets nobody rename them.
    return f"column{position}"
