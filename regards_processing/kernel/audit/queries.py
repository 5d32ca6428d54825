"""What is asked of the audit trail by its pages."""

from typing import Final, Literal

from django.db import connection

#: One step per different value instead of one per entry: each looks up the next larger value in the index.
_DISTINCT: Final = """
    WITH RECURSIVE known(value) AS (
        SELECT min({column}) FROM regards_audit_entry
        UNION ALL
        SELECT (SELECT min({column}) FROM regards_audit_entry WHERE {column} > known.value)
        FROM known WHERE known.value IS NOT NULL
    )
    SELECT value FROM known WHERE value IS NOT NULL
"""


def distinct_values(*, column: Literal["action", "tenant"]) -> list[str]:
    """Return the different values of an indexed column, in order, however many entries there are."""
    with connection.cursor() as cursor:
        cursor.execute(_DISTINCT.format(column=column))
        return [value for (value,) in cursor.fetchall()]
