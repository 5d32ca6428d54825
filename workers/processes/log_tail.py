"""The last lines that a program has written, as one message of its fleet while it runs. Pure."""

from collections.abc import Sequence
from typing import Final

_HEAD: Final = "Log:\n"


def to_message(lines: Sequence[str]) -> str:
    """Write the lines as a message."""
    return _HEAD + "\n".join(lines)


def from_message(message: str) -> list[str] | None:
    """Return the lines of a message; ``None`` when it is about something else."""
    return message.removeprefix(_HEAD).split("\n") if message.startswith(_HEAD) else None
