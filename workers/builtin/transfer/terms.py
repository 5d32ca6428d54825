"""What a transfer is told, and what it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from workers.builtin.environment import names, positive_integer
from workers.builtin.file_digest import algorithm_named, new_digest
from workers.builtin.transfer.places import OpenPlaces
from workers.sdk import InvalidContent

_MAX_BYTES: Final = 100 * 1024**3
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")

#: Hears how many bytes are there; ends the transfer by raising.
Watch = Callable[[int], object]


class WrongFile(Exception):
    """The file that came is not the one that was announced, or what has arrived is not what was sent."""


class TargetTaken(Exception):
    """Another file lies where this one should go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLimits:
    """What an operator allows."""

    #: Protocols of fsspec, beside ``file``.
    protocols: frozenset[str]
    #: Where files may come from, and go to, by these protocols.
    sources: OpenPlaces
    targets: OpenPlaces
    #: Of one file, in bytes.
    max_bytes: int

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read ``TRANSFER_PROTOCOLS``, ``_SOURCE_URLS``, ``_TARGET_URLS`` and ``_MAX_BYTES``.

        Raises:
            ConfigurationError: the limit is not an integer of at least 1, or a URL is none.
        """
        return cls(
            protocols=names(environment, "TRANSFER_PROTOCOLS"),
            sources=OpenPlaces.from_env(environment, "TRANSFER_SOURCE_URLS"),
            targets=OpenPlaces.from_env(environment, "TRANSFER_TARGET_URLS"),
            max_bytes=positive_integer(environment, "TRANSFER_MAX_BYTES", default=_MAX_BYTES),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What a request says of a file."""

    #: In bytes.
    size: int | None
    algorithm: str
    #: Lower-case hexadecimal.
    checksum: str | None

    @classmethod
    def of(cls, entry: Mapping[str, Any], *, field: str, default: str = "sha256") -> Self:
        """Read ``size``, ``checksum`` and ``algorithm``; the schema has seen their types.

        Raises:
            InvalidContent: the algorithm is unknown, or the checksum is none of its kind.
        """
        algorithm = algorithm_named(entry.get("algorithm") or default, field=f"{field}algorithm")
        checksum = entry.get("checksum")
        digits = 2 * new_digest(algorithm).digest_size
        if checksum is not None and (len(checksum) != digits or not set(checksum) <= _HEXADECIMAL):
            raise InvalidContent(
                f"{field}checksum: {algorithm} has {digits} hexadecimal digits, got {checksum!r:.150}"
            )
        return cls(
            size=entry.get("size"), algorithm=algorithm, checksum=checksum.lower() if checksum else None
        )

    def check_size(self, size: int | None, *, max_bytes: int, name: str) -> None:
        """Compare the size that is known before a byte has come.

        Raises:
            WrongFile: another size was announced.
            InvalidContent: it is over the limit.
        """
        if size is None:
            return
        if size > max_bytes:
            raise InvalidContent(f"{name} has {size} bytes, {max_bytes} are allowed (TRANSFER_MAX_BYTES)")
        if self.size not in {None, size}:
            raise WrongFile(f"{name} has {size} bytes, {self.size} were announced")

    def check(self, *, size: int, checksum: str, name: str) -> None:
        """Compare what has come.

        Raises:
            WrongFile: it is something else.
        """
        if self.size not in {None, size}:
            raise WrongFile(f"{name} has {size} bytes, {self.size} were announced")
        if self.checksum not in {None, checksum}:
            raise WrongFile(f"{name} has the {self.algorithm} {checksum}, {self.checksum} was announced")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """A file at its target."""

    size: int
    #: By the announced algorithm, in lower-case hexadecimal.
    checksum: str
    #: How many of the bytes an earlier attempt had brought or sent.
    resumed_at: int = 0
    #: The same file was there before.
    was_there: bool = False
