"""Counting rows, but not for ever."""

import json
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Value


class Estimate(int):
    """A number of rows that were too many to count: about so many."""


def counted(rows: QuerySet[Any], *, limit: int) -> int:
    """Count rows up to ``limit``; beyond it, return an `Estimate` of the planner, which is never less.

    SQLite has no such estimate: there all rows are counted.
    """
    if connection.vendor != "postgresql":
        return rows.count()
    # No column is read, so that an index alone can answer.
    found = rows.order_by().annotate(row=Value(1)).values("row")[: limit + 1].count()
    return found if found <= limit else Estimate(max(found, _planned(rows)))


def _planned(rows: QuerySet[Any]) -> int:
    (plan,) = json.loads(rows.order_by().explain(format="json"))
    return int(plan["Plan"]["Plan Rows"])
