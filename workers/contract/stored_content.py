"""A content that travels as a reference: a claim check for a file of the shared storage.

Between our managers and our fleets alone. A reference names no path: whoever has it knows by other means
whose request it is of, and finds the file in the folder of that request (`content_folder`).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from workers.contract.errors import MalformedMessage

#: Largest content of an answer, in bytes: also where it has to travel in a message, which is then a third
#: larger, it stays below the 128 MiB that RabbitMQ takes.
MOST_BYTES: Final = 90_000_000
#: Attempts are numbered in a 32-bit column.
_MOST_ATTEMPTS: Final = 2**31
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContent:
    """What has to be known of a stored content to find it in the folder of its request, and to trust it."""

    #: Number of the dispatch that made it: no two of a request write to the same file.
    attempt: int
    #: SHA-256, in 64 hexadecimal digits.
    sha256: str
    #: Bytes.
    size: int

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.attempt}-{self.sha256}"

    @classmethod
    def of(cls, content: bytes, *, attempt: int) -> Self:
        """Return the reference of a content."""
        return cls(attempt=attempt, sha256=hashlib.sha256(content).hexdigest(), size=len(content))

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read what `to_json` wrote.

        Raises:
            MalformedMessage: it is no object with an attempt, a digest and a size that can be.
        """
        if not isinstance(value, Mapping):
            raise MalformedMessage(f"A stored content must be an object, not {type(value).__name__}")
        sha256 = value.get("sha256")
        if not isinstance(sha256, str) or not _DIGEST.fullmatch(sha256):
            raise MalformedMessage(f"content.sha256 must be 64 hexadecimal digits, got {sha256!r:.100}")
        return cls(
            attempt=_number(value, "attempt", least=1, most=_MOST_ATTEMPTS - 1),
            sha256=sha256,
            size=_number(value, "size", least=0, most=MOST_BYTES),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the reference as it travels, and as it is kept."""
        return {"attempt": self.attempt, "sha256": self.sha256, "size": self.size}


#: A content as it is at hand: its bytes, or where they are.
Content = bytes | StoredContent


def _number(value: Mapping[str, Any], field: str, *, least: int, most: int) -> int:
    number = value.get(field)
    if type(number) is not int or not least <= number <= most:
        raise MalformedMessage(
            f"content.{field} must be a number from {least} to {most}, got {number!r:.100}"
        )
    return number
