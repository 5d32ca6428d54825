"""Files that come and go by the protocols of fsspec that an operator allows."""

import dataclasses
import socket
from collections.abc import Callable, Collection
from typing import Any, Final

import aiohttp
import fsspec

from workers.builtin import web_files
from workers.builtin.shown_url import shown
from workers.builtin.transfer.failures import reaching
from workers.builtin.transfer.known_hosts import only_known_hosts
from workers.builtin.transfer.ssh_connection import impatient_transport
from workers.builtin.transfer.unread import give_up_unread
from workers.sdk import InvalidContent

#: Protocols of S3.
S3: Final = frozenset({"s3", "s3a"})
_SSH: Final = frozenset({"sftp", "ssh"})
#: Seconds to connect, and between two signs of life; a whole file may take as long as it likes.
_PATIENCE: Final = 60
#: Likewise for S3, which tries a connection fifteen times.
_PATIENCE_OF_S3: Final = 10


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file of a file system of fsspec, the local one included."""

    #: May hold a password: for messages and answers, see :attr:`shown`.
    url: str = dataclasses.field(repr=False)
    protocol: str
    filesystem: Any
    path: str

    @property
    def shown(self) -> str:
        """Return the URL as people may see it."""
        return shown(self.url)


def protocol_of(reference: object) -> str:
    """Return the protocol of a URL in lower case; ``file`` for what has none."""
    return str(fsspec.utils.get_protocol(reference)).lower() if isinstance(reference, str) else "file"


def check_allowed(url: str, *, allowed: Collection[str], setting: str, field: str) -> str:
    """Return the protocol of a URL.

    Raises:
        InvalidContent: it is not among those ``allowed`` by the ``setting``, or the URL chains several.
    """
    protocol = protocol_of(url)
    if protocol in allowed and "::" not in url:
        return protocol
    choices = ", ".join(["file", *sorted(allowed)])
    raise InvalidContent(
        f"{field}: {shown(url)!r} has protocol {protocol!r}, allowed are: {choices} ({setting})"
    )


def connected(
    url: str,
    *,
    allowed: Collection[str],
    setting: str,
    field: str,
    check_redirect: Callable[[str], object] | None = None,
) -> RemoteFile:
    """Return the file that a URL names, on a connection of its own.

    ``check_redirect`` refuses URLs that a web server may not send us on to.

    Raises:
        InvalidContent: the protocol is not among those ``allowed`` by the ``setting``, or it is no URL.
        RetryLater: the server does not answer.
        ConfigurationError: the fleet lacks the package that the protocol needs.
    """
    protocol = check_allowed(url, allowed=allowed, setting=setting, field=field)
    with reaching(url, field=field):
        # A connection that is kept would be found dead by the next attempt.
        filesystem, path = fsspec.url_to_fs(
            protocol + url[len(protocol) :], skip_instance_cache=True, **_options(protocol, check_redirect)
        )
    return RemoteFile(url=url, protocol=protocol, filesystem=filesystem, path=path)


def _options(protocol: str, check_redirect: Callable[[str], object] | None) -> dict[str, Any]:
    if protocol in web_files.PROTOCOLS:
        return web_files.options(connect=_PATIENCE, read=_PATIENCE, check_redirect=check_redirect)
    if protocol == "ftp":
        return {"timeout": _PATIENCE}
    if protocol in _SSH:
        # fsspec would take any host for the one that was meant.
        return {
            "timeout": _PATIENCE,
            "banner_timeout": _PATIENCE,
            "auth_timeout": _PATIENCE,
            "host_key_policy": only_known_hosts(),
            "transport_factory": impatient_transport(patience=_PATIENCE),
        }
    if protocol in S3:
        return _options_of_s3()
    return {}


def _options_of_s3() -> dict[str, Any]:
    return {
        # Keys change behind our back: what was listed once says nothing.
        "use_listings_cache": False,
        # Some services take parts of one size only.
        "fixed_upload_size": True,
        "config_kwargs": {
            "connect_timeout": _PATIENCE_OF_S3,
            "read_timeout": _PATIENCE,
            # Neither of these counts while a part is written: a server that takes no more of it would be
            # waited for without end.
            "connector_args": {"socket_factory": _impatient_socket},
            "retries": {"mode": "standard"},
        },
    }


def _impatient_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """Return a socket on which bytes that the other end does not take are an error in the end."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    give_up_unread(made, after=_PATIENCE)
    return made
