"""The time, read at the edges (consumers, tasks, commands, views) and passed down as ``at``."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)
