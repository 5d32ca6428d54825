"""Statements that a database refuses for their size."""

from typing import Final

from django.db import OperationalError

#: PostgreSQL's class "program limit exceeded", and how SQLite says the same.
_CLASS: Final = "54"
_SQLITE: Final = ("too many ", "Expression tree is too large", "parser stack overflow")


def is_too_big(error: Exception) -> bool:
    """Tell whether a statement failed for what it carries.

    Drivers raise that as they raise a server that is away. But this one is there, and whoever tries the same
    again fails again.
    """
    if not isinstance(error, OperationalError):
        return False
    code = getattr(error.__cause__, "pgcode", None) or ""
    return code.startswith(_CLASS) or str(error).startswith(_SQLITE)
