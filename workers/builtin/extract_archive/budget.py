"""What an extraction has used of its limits."""

from dataclasses import dataclass
from typing import Final

from workers.builtin.extract_archive.limits import ExtractLimits
from workers.sdk import InvalidContent

#: Small archives may exceed the ratio up to here: text and blank tiles compress very well.
RATIO_FREE_BYTES: Final = 1024 * 1024
#: Headers and padding of one tar entry, generously.
_TAR_OVERHEAD: Final = 4096


@dataclass(slots=True, kw_only=True)
class Budget:
    """Counts entries and bytes as they really appear, whatever the headers promise."""

    limits: ExtractLimits
    #: Bytes of the archive itself.
    archive_size: int
    entries: int = 0
    written: int = 0

    def count_entry(self) -> None:
        """Count one entry of any kind.

        Raises:
            InvalidContent: there are too many.
        """
        self.entries += 1
        self.check_count(self.entries)

    def check_count(self, entries: int) -> None:
        """Refuse more entries than allowed.

        Raises:
            InvalidContent: there are too many.
        """
        if entries > self.limits.max_files:
            raise InvalidContent(f"The archive holds more than {self.limits.max_files} entries")

    def check_declared(self, *, total: int) -> None:
        """Refuse early when the headers alone announce too much.

        Raises:
            InvalidContent: the announced total is over the limit.
        """
        if total > self.limits.max_bytes:
            limit = self.limits.max_bytes
            raise InvalidContent(f"The archive announces {total} bytes of files, {limit} are allowed")

    def spend(self, *, size: int, entry_size: int, name: str) -> None:
        """Count ``size`` bytes just read from an entry that gave ``entry_size`` so far.

        Raises:
            InvalidContent: the entry, the total or the compression ratio is over its limit.
        """
        self.written += size
        if entry_size > self.limits.max_entry_bytes:
            limit = self.limits.max_entry_bytes
            raise InvalidContent(f"Entry {name!r} holds more than {limit} bytes, the limit of one file")
        if self.written > self.limits.max_bytes:
            limit = self.limits.max_bytes
            raise InvalidContent(f"The archive holds more than {limit} bytes, the limit (at {name!r})")
        if self.written > self._by_ratio():
            ratio = self.limits.max_ratio
            raise InvalidContent(f"The archive expands to more than {ratio} times its size (at {name!r})")

    def stream_ceiling(self) -> int:
        """Return the largest position allowed in a decompressed tar stream, headers included."""
        payload = min(self.limits.max_bytes, self._by_ratio())
        return payload + self.limits.max_files * _TAR_OVERHEAD + RATIO_FREE_BYTES

    def _by_ratio(self) -> int:
        return max(self.limits.max_ratio * self.archive_size, RATIO_FREE_BYTES)
