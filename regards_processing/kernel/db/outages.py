"""A database that is there, and does not let us work now."""

from typing import Final

#: PostgreSQL's codes, which drivers do not raise as they raise a server that is away: it only reads (a
#: standby, or not promoted yet), or it has ended a transaction that was idle, or open, for too long.
_NOT_NOW: Final = frozenset({"25006", "25P03", "25P04"})


def is_not_now(error: Exception) -> bool:
    """Tell whether the same may succeed later, over another connection: nothing is wrong with it."""
    return getattr(error.__cause__, "pgcode", None) in _NOT_NOW
