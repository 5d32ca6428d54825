"""How a fleet reaches what input files come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from workers.builtin import web_files
from workers.builtin.environment import address, flag, names, secret
from workers.processes.sealing import GENERATED_KEY

#: Seconds for a connection, and for a server to say something.
CONNECT_TIMEOUT: Final = 10
READ_TIMEOUT: Final = 60
_S3: Final = frozenset({"s3", "s3a"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The surroundings of a fleet; an empty text is nothing."""

    #: Proxy for ``http``, ``https`` and S3.
    proxy: str = ""
    #: Hosts that are reached without it: names, or domains that begin with a dot.
    no_proxy: frozenset[str] = frozenset()
    #: Address of an S3 service that is not Amazon's.
    s3_endpoint: str = ""
    #: Whether buckets are read without credentials.
    s3_anonymous: bool = False
    #: Base addresses of rs-storage and rs-catalog.
    storage: str = ""
    catalog: str = ""
    #: What the platform seals tokens and secret parameters with.
    token_key: str = ""

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read ``PROCESS_…`` of the README.

        Raises:
            ConfigurationError: a value makes no sense.
        """
        return cls(
            proxy=address(environment, "PROCESS_HTTP_PROXY"),
            no_proxy=names(environment, "PROCESS_NO_PROXY"),
            s3_endpoint=address(environment, "PROCESS_S3_ENDPOINT"),
            s3_anonymous=flag(environment, "PROCESS_S3_ANONYMOUS"),
            storage=address(environment, "PROCESS_STORAGE_URL"),
            catalog=address(environment, "PROCESS_CATALOG_URL"),
            token_key=_token_key(environment),
        )

    def proxy_for(self, url: str) -> str:
        """Return the proxy on the way to a host; empty when there is none."""
        host = (urlsplit(url).hostname or "").lower()
        direct = host in self.no_proxy or any(
            host.endswith(domain) for domain in self.no_proxy if domain.startswith(".")
        )
        return "" if direct else self.proxy

    def options(self, url: str, protocol: str) -> dict[str, Any]:
        """Return what fsspec needs to know to open a URL."""
        if protocol in _S3:
            return self._s3_options()
        if protocol not in web_files.PROTOCOLS:
            # A connection that is kept would be found dead by the next try.
            return {"skip_instance_cache": True}
        proxy = self.proxy_for(url)
        options = web_files.options(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT)
        return options | ({"proxy": proxy} if proxy else {})

    def _s3_options(self) -> dict[str, Any]:
        config: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT, "read_timeout": READ_TIMEOUT}
        proxy = self.proxy_for(self.s3_endpoint)
        if proxy:
            config["proxies"] = {"http": proxy, "https": proxy}
        options: dict[str, Any] = {
            "anon": self.s3_anonymous,
            # Keys change behind our back: what was listed once says nothing.
            "use_listings_cache": False,
        }
        if self.s3_endpoint:
            options["endpoint_url"] = self.s3_endpoint
            # Services of one's own seldom have a name for each bucket.
            config["s3"] = {"addressing_style": "path"}
        return options | {"config_kwargs": config}


def _token_key(environment: Mapping[str, str]) -> str:
    """Return the key that is given, or the one that the embedded platform of this folder has made."""
    given = secret(environment, "PROCESS_TOKEN_KEY")
    if given or environment.get("BROKER_URL"):
        return given
    made = Path(environment.get("REGARDS_VAR") or "var", "secrets", GENERATED_KEY)
    try:
        return made.read_text("utf-8").strip()
    except OSError:
        return ""
