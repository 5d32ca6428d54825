"""What a request hears of what goes wrong with another server."""

import ftplib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import aiohttp

from workers.builtin.shown_url import masked, shown
from workers.sdk import InvalidContent, RetryLater
from workers.sdk.errors import ConfigurationError, WorkerError

SECONDS_BEFORE_RETRY: Final = 60
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
#: Likewise, of packages that are not always installed: a wrong password, the name of no bucket.
_FOREVER_NAMES: Final = frozenset({"AuthenticationException", "ParamValidationError"})
#: What paramiko also calls a wrong password: a server that says nothing about it, or breaks off.
_NOT_REFUSED: Final = frozenset(
    {"Authentication timeout.", "Authentication failed: transport shut down or saw EOF"}
)
#: What botocore says when the fleet has no credentials, or files of them that make no sense.
_NOT_CONFIGURED: Final = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "ConfigNotFound",
        "ConfigParseError",
    }
)
_BAD_REQUEST, _SERVER_ERROR, _NOT_IMPLEMENTED = 400, 500, 501
#: HTTP answers below 500 that pass: time-out, too early, too many requests.
_PASSING: Final = frozenset({408, 425, 429})
#: Of S3, also: somebody else writes the same object, or has written it.
_PASSING_OF_S3: Final = _PASSING | {409, 412}
#: Errors of S3 that pass whatever their status: what came was damaged, or came too slowly.
_PASSING_CODES: Final = frozenset(
    {
        "BadDigest",
        "IncompleteBody",
        "InvalidPart",
        "NoSuchUpload",
        "RequestTimeout",
        "XAmzContentSHA256Mismatch",
    }
)


@contextmanager
def reaching(url: str, *, field: str) -> Iterator[None]:
    """Turn what a file system raises into what a request hears.

    Raises:
        InvalidContent: the file is not there or not for us, and will not be later.
        RetryLater: the server does not answer, or is busy.
        ConfigurationError: the fleet lacks the package or the credentials that the protocol needs.
    """
    try:
        yield
    except WorkerError:
        raise
    except ImportError as error:
        raise ConfigurationError(f"{field}: this fleet cannot reach {shown(url)!r}: {error}") from error
    except (ValueError, NotImplementedError) as error:
        raise InvalidContent(f"{field}: {shown(url)!r}: {words(error, url)}") from error
    except Exception as error:
        if not is_outage(error):
            raise
        if _is_called(error, _NOT_CONFIGURED):
            raise ConfigurationError(f"{field}: this fleet cannot reach {shown(url)!r}: {error}") from error
        if is_forever(error):
            raise InvalidContent(f"{field}: {shown(url)!r} cannot be had: {words(error, url)}") from error
        reason = f"{shown(url)}: {words(error, url)}"
        raise RetryLater(after=SECONDS_BEFORE_RETRY, reason=reason) from error


def is_outage(error: BaseException) -> bool:
    """Tell whether an error is one of another server, or of the way to it; not each of those passes."""
    return isinstance(error, _OUTAGES) or type(error).__module__.partition(".")[0] in _CLIENTS


def is_forever(error: BaseException) -> bool:
    """Tell whether trying again is of no use; libraries hide the true reason behind "not found"."""
    cause = error.__cause__
    if cause is not None and _tells(cause):
        return is_forever(cause)
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return _BAD_REQUEST <= status < _SERVER_ERROR and status not in _PASSING
    answer = _answer_of_s3(error)
    if answer:
        return _is_final_of_s3(answer)
    if _is_called(error, _FOREVER_NAMES):
        return str(error) not in _NOT_REFUSED
    return isinstance(error, _FOREVER)


def is_refused_by_s3(error: BaseException) -> bool:
    """Tell whether a server of S3 has understood a call, and will not do it as it stands."""
    answer = _answer_of_s3(error)
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    late = answer.get("Error", {}).get("Code") == "RequestTimeout"
    return _BAD_REQUEST <= status < _SERVER_ERROR and status not in _PASSING and not late


def words(error: BaseException, url: str) -> str:
    """Return what an error says, in at most 500 characters, with the URL as people may see it."""
    cause = error.__cause__
    telling = cause if cause is not None and _tells(cause) else error
    if isinstance(telling, aiohttp.ClientResponseError):
        # Its own text repeats the URL, in another spelling.
        return f"{telling.status} {telling.message}"[:500]
    return masked(str(telling) or type(error).__name__, url)[:500]


def _is_called(error: BaseException, names: frozenset[str]) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)


def _answer_of_s3(error: BaseException) -> Mapping[str, Any]:
    """Return what a server of S3 has answered, as botocore keeps it; empty when it is none of its errors."""
    kept = next((each for each in (error, error.__cause__) if hasattr(each, "response")), None)
    answer = getattr(kept, "response", None)
    return answer if isinstance(answer, Mapping) else {}


def _is_final_of_s3(answer: Mapping[str, Any]) -> bool:
    if answer.get("Error", {}).get("Code") in _PASSING_CODES:
        return False
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR)
    refused = _BAD_REQUEST <= status < _SERVER_ERROR and status not in _PASSING_OF_S3
    return refused or status == _NOT_IMPLEMENTED


def _tells(cause: BaseException) -> bool:
    return isinstance(cause, _OUTAGES)
