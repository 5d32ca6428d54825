"""Which places of other servers an operator opens to requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote

from workers.builtin.shown_url import shown
from workers.sdk import InvalidContent
from workers.sdk.errors import ConfigurationError

#: Where a name of a server ends for some readers of URLs, and goes on for others.
_AMBIGUOUS: Final = frozenset("?#\\ ")
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
        server, _, path = rest.partition("/")
        server = server.rpartition("@")[2].lower()
        parts = path.rstrip("/").split("/") if path.rstrip("/") else []
        if (
            not (separator and server)
            or _AMBIGUOUS.intersection(rest.partition("/")[0])
            or any(character < " " for character in url)
            or any(unquote(part) in _STEPS for part in parts)
        ):
            return None
        protocol = protocol.lower()
        return cls(protocol=_ALIASES.get(protocol, protocol), server=server, path=tuple(parts))

    def holds(self, other: "_Place") -> bool:
        same = (self.protocol, self.server) == (other.protocol, other.server)
        return same and other.path[: len(self.path)] == self.path


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
