"""Which places of other servers an operator opens to requests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Self
from urllib.parse import unquote

from workers.builtin import web_files
from workers.builtin.shown_url import shown
from workers.sdk import InvalidContent
from workers.sdk.errors import ConfigurationError

#: Where a name of a server ends for some readers of URLs, and goes on for others.
_AMBIGUOUS: Final = frozenset("?#\\ ")
#: What else separates names for some, once it is unquoted.
_SEPARATORS: Final = frozenset("/\\")
_STEPS: Final = frozenset({".", ".."})
#: Other names of a protocol.
_ALIASES: Final = {"s3a": "s3", "ssh": "sftp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    protocol: str
    #: With its port if the URL names one; of S3, the bucket.
    server: str
    path: tuple[str, ...]

    @classmethod
    def of(cls, url: str) -> Self | None:
        """Read a URL; ``None`` for one that could be read in two ways."""
        protocol, separator, rest = url.partition("://")
        protocol = protocol.lower()
        server, _, path = rest.partition("/")
        server = server.rpartition("@")[2].lower()
        if protocol in web_files.PROTOCOLS:
            path = path.partition("?")[0]
        parts = path.rstrip("/").split("/") if path.rstrip("/") else []
        if (
            not (separator and server)
            or _AMBIGUOUS.intersection(rest.partition("/")[0])
            or any(character < " " for character in url)
            or not all(_is_one_part(unquote(part)) for part in parts)
        ):
            return None
        return cls(protocol=_ALIASES.get(protocol, protocol), server=server, path=tuple(parts))

    def holds(self, other: "_Place") -> bool:
        same = (self.protocol, self.server) == (other.protocol, other.server)
        return same and other.path[: len(self.path)] == self.path


def _is_one_part(name: str) -> bool:
    """Tell whether a name between two slashes is one for every reader, and no step elsewhere."""
    # What follows a semicolon is no part of the name for some.
    return not _SEPARATORS.intersection(name) and name.partition(";")[0] not in _STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPlaces:
    """URLs that all others must lie below; without any, every place of the allowed protocols is open."""

    urls: tuple[str, ...]
    setting: str

    @classmethod
    def from_env(cls, environment: Mapping[str, str], setting: str) -> Self:
        """Read a variable of URLs, separated by commas.

        Raises:
            ConfigurationError: one of them is no URL of a server. It is not repeated: it may hold a password.
        """
        urls = tuple(item.strip() for item in environment.get(setting, "").split(",") if item.strip())
        if any("@" in url or _Place.of(url) is None for url in urls):
            raise ConfigurationError(f"{setting} must hold URLs like s3://bucket/folder, without a user")
        return cls(urls=urls, setting=setting)

    @property
    def redirects(self) -> Callable[[str], object] | None:
        """What checks where a web server sends its clients on to; ``None`` when every place is open."""
        return partial(self.check, field="redirect") if self.urls else None

    def check(self, url: str, *, field: str) -> None:
        """Refuse what lies elsewhere.

        Raises:
            InvalidContent: it does, or cannot be told.
        """
        place = _Place.of(url)
        opened = [each for each in map(_Place.of, self.urls) if each]
        if self.urls and (place is None or not any(each.holds(place) for each in opened)):
            choices = ", ".join(self.urls)
            raise InvalidContent(
                f"{field}: {shown(url)!r} lies below none of the places that are open: "
                f"{choices} ({self.setting})"
            )
