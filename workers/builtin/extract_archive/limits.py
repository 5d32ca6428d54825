"""How much an archive may hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from workers.builtin.environment import positive_integer

_GIB: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractLimits:
    """Limits of one extraction; sizes in bytes, of what is really written."""

    #: Entries of any kind, folders included.
    max_files: int = 10_000
    #: All files together.
    max_bytes: int = 10 * _GIB
    #: One file.
    max_entry_bytes: int = 10 * _GIB
    #: Written bytes per byte of archive; not applied to the first MiB.
    max_ratio: int = 200

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read ``EXTRACT_MAX_FILES``, ``_BYTES``, ``_ENTRY_BYTES`` and ``_RATIO``.

        Raises:
            ConfigurationError: one of them is not an integer of at least 1.
        """
        max_bytes = positive_integer(environment, "EXTRACT_MAX_BYTES", default=10 * _GIB)
        return cls(
            max_files=positive_integer(environment, "EXTRACT_MAX_FILES", default=10_000),
            max_bytes=max_bytes,
            max_entry_bytes=positive_integer(environment, "EXTRACT_MAX_ENTRY_BYTES", default=max_bytes),
            max_ratio=positive_integer(environment, "EXTRACT_MAX_RATIO", default=200),
        )
