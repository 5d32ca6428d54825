"""Files that come and go by the protocols of fsspec that an operator allows."""

import dataclasses
import ftplib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import fsspec

from workers.builtin.transfer.known_hosts import only_known_hosts
from workers.sdk import InvalidContent, RetryLater
from workers.sdk.errors import ConfigurationError, WorkerError

SECONDS_BEFORE_RETRY: Final = 60
#: Seconds to connect, and between two pieces; a whole file may take as long as it likes.
_PATIENCE: Final = 60
_OUTAGES: Final = (OSError, EOFError, ftplib.Error, aiohttp.ClientError)
#: Packages whose errors are outages as well; they are not always installed.
_CLIENTS: Final = frozenset({"aiobotocore", "botocore", "paramiko", "s3fs"})
_FOREVER: Final = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    ftplib.error_perm,
)
#: Likewise, of a package that is not always installed.
_REFUSED_BY_SSH: Final = "AuthenticationException"
_BAD_REQUEST, _SERVER_ERROR = 400, 500
#: HTTP answers below 500 that pass: time-out, too early, too many requests.
_PASSING: Final = frozenset({408, 425, 429})


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
        """Return the URL without user name and password."""
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


def connected(url: str, *, allowed: Collection[str], setting: str, field: str) -> RemoteFile:
    """Return the file that a URL names, on a connection of its own.

    Raises:
        InvalidContent: the protocol is not among those ``allowed`` by the ``setting``, or it is no URL.
        RetryLater: the server does not answer.
        ConfigurationError: the fleet lacks the package that the protocol needs.
    """
    protocol = check_allowed(url, allowed=allowed, setting=setting, field=field)
    with reaching(url, field=field):
        # A connection that is kept would be found dead by the next attempt.
        filesystem, path = fsspec.url_to_fs(
            protocol + url[len(protocol) :], skip_instance_cache=True, **_options(protocol)
        )
    return RemoteFile(url=url, protocol=protocol, filesystem=filesystem, path=path)


@contextmanager
def reaching(url: str, *, field: str) -> Iterator[None]:
    """Turn what a file system raises into what a request hears.

    Raises:
        InvalidContent: the file is not there or not for us, and will not be later.
        RetryLater: the server does not answer, or is busy.
        ConfigurationError: the fleet lacks the package that the protocol needs.
    """
    try:
        yield
    except WorkerError:
        raise
    except ImportError as error:
        raise ConfigurationError(f"{field}: this fleet cannot reach {shown(url)!r}: {error}") from error
    except (ValueError, NotImplementedError) as error:
        raise InvalidContent(f"{field}: {shown(url)!r}: {_words(error, url)}") from error
    except Exception as error:
        if not _is_outage(error):
            raise
        if _is_forever(error):
            raise InvalidContent(f"{field}: {shown(url)!r} cannot be had: {_words(error, url)}") from error
        reason = f"{shown(url)}: {_words(error, url)}"
        raise RetryLater(after=SECONDS_BEFORE_RETRY, reason=reason) from error


def shown(url: str) -> str:
    """Return a URL without user name and password, and not too long."""
    try:
        user, at, _ = urlsplit(url).netloc.rpartition("@")
    except ValueError:
        return url[:200]
    return (url.replace(user + at, "", 1) if at else url)[:1000]


def _options(protocol: str) -> dict[str, Any]:
    if protocol in {"http", "https"}:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_PATIENCE, sock_read=_PATIENCE)
        return {"client_kwargs": {"timeout": timeout}}
    if protocol == "ftp":
        return {"timeout": _PATIENCE}
    if protocol in {"sftp", "ssh"}:
        # fsspec would take any host for the one that was meant.
        return {
            "timeout": _PATIENCE,
            "banner_timeout": _PATIENCE,
            "auth_timeout": _PATIENCE,
            "host_key_policy": only_known_hosts(),
        }
    return {}


def _is_outage(error: Exception) -> bool:
    return isinstance(error, _OUTAGES) or type(error).__module__.partition(".")[0] in _CLIENTS


def _is_forever(error: BaseException) -> bool:
    """Tell whether trying again is of no use; libraries hide the true reason behind "not found"."""
    cause = error.__cause__
    if cause is not None and _tells(cause):
        return _is_forever(cause)
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return _BAD_REQUEST <= status < _SERVER_ERROR and status not in _PASSING
    return isinstance(error, _FOREVER) or any(
        kind.__name__ == _REFUSED_BY_SSH for kind in type(error).__mro__
    )


def _tells(cause: BaseException) -> bool:
    return isinstance(cause, _OUTAGES)


def _words(error: BaseException, url: str) -> str:
    cause = error.__cause__
    text = str(cause if cause is not None and _tells(cause) else error) or type(error).__name__
    return text.replace(url, shown(url))[:500]
