r"""Compare texts in the same way on both databases.

Note: patterns of people.
    Django's ``contains`` and its kind ignore the case of ASCII letters on SQLite, and ``icontains`` knows no
    other letters there. A search with a thousand values would be a thousand conditions, deeper than SQLite
    allows. So a search is one lookup with one parameter: ``LIKE ANY (array)`` on PostgreSQL, where ``%``,
    ``_`` and ``\`` of the values are escaped, and on SQLite one regular expression, which Django runs in
    Python.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler

_LIKE_WILDCARDS: Final = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


class MatchMode(StrEnum):
    """Which part of a text a value must be."""

    STRICT = "STRICT"
    STARTS_WITH = "STARTS_WITH"
    CONTAINS = "CONTAINS"
    ENDS_WITH = "ENDS_WITH"


#: How an escaped value becomes a pattern: for LIKE, and for a regular expression that may match anywhere.
_LIKE: Final[Mapping[MatchMode, str]] = {
    MatchMode.STRICT: "{}",
    MatchMode.STARTS_WITH: "{}%",
    MatchMode.CONTAINS: "%{}%",
    MatchMode.ENDS_WITH: "%{}",
}
_REGEX: Final[Mapping[MatchMode, str]] = {
    MatchMode.STRICT: r"\A(?:{})\Z",
    MatchMode.STARTS_WITH: r"\A(?:{})",
    MatchMode.CONTAINS: "(?:{})",
    MatchMode.ENDS_WITH: r"(?:{})\Z",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatch:
    """What ``field__matches`` looks for: texts that match one of the values; there is at least one."""

    values: tuple[str, ...]
    mode: MatchMode
    ignore_case: bool = False


@CharField.register_lookup
@TextField.register_lookup
class Matches(Lookup):
    """``field__matches=TextMatch(…)``."""

    lookup_name = "matches"
    # The right side is no value of the field.
    prepare_rhs = False
    rhs: TextMatch

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """Write the comparison for PostgreSQL."""
        sql, parameters = self.process_lhs(compiler, connection)
        operator = "ILIKE" if self.rhs.ignore_case else "LIKE"
        patterns = [
            _LIKE[self.rhs.mode].format(value.translate(_LIKE_WILDCARDS)) for value in self.rhs.values
        ]
        return f"{sql} {operator} ANY(%s)", (*parameters, patterns)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        """Write the comparison for SQLite."""
        sql, parameters = self.process_lhs(compiler, connection)
        flags = "(?i)" if self.rhs.ignore_case else ""
        alternatives = "|".join(map(re.escape, self.rhs.values))
        return f"{sql} REGEXP %s", (*parameters, flags + _REGEX[self.rhs.mode].format(alternatives))
