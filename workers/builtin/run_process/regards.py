"""Files and metadata that other services of REGARDS have, asked for as who ordered the execution."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote

from workers.builtin.run_process.inputs import Refused
from workers.builtin.run_process.network import READ_TIMEOUT, Network
from workers.builtin.run_process.order import ExecutionOrder, InputFile
from workers.builtin.run_process.seals import CannotOpen, opened
from workers.processes.sealing import TOKEN

_TOO_MANY: Final = 429
_REDIRECTIONS: Final = range(300, 400)
_SERVER_ERRORS: Final = 500


class Unavailable(OSError):
    """A service does not answer now, or cannot answer; it may be asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regards:
    """The services, with the token of one order."""

    network: Network
    #: Who ordered; whose quota counts.
    user: str
    #: ``None`` when the order holds none that this fleet can read.
    token: str | None
    #: Why there is no token.
    reason: str = ""

    @classmethod
    def of(cls, order: ExecutionOrder, *, network: Network) -> Self:
        """Open the token of an order."""
        token, reason = None, ""
        if not order.sealed_token:
            reason = "the order holds no token: the platform has no PROCESS_TOKEN_KEY"
        else:
            try:
                token = opened(order.sealed_token, key=network.token_key, addressee=order.addressee(TOKEN))
            except CannotOpen as error:
                reason = str(error)
        return cls(network=network, user=order.user, token=token, reason=reason)

    @contextmanager
    def stored_file(self, file: InputFile) -> Iterator[Any]:
        """Open a file of rs-storage.

        Raises:
            Refused: rs-storage does not give it.
            Unavailable: it does not answer.
        """
        if not file.checksum:
            raise Refused("the file has no checksum: rs-storage knows files by nothing else")
        path = f"files/{quote(file.checksum, safe='')}/download?isContentInline=false"
        with self._opened(self.network.storage, "PROCESS_STORAGE_URL", path, accept="*/*") as answer:
            if isinstance(answer, int):
                raise self._refusal(answer, file.checksum)
            yield answer

    @contextmanager
    def feature(self, urn: str) -> Iterator[Any]:
        """Open what rs-catalog says of a feature.

        Raises:
            Refused: rs-catalog does not say it.
            Unavailable: it does not answer.
        """
        path = f"engines/legacy/dataobjects/{quote(urn, safe=':')}"
        with self._opened(
            self.network.catalog, "PROCESS_CATALOG_URL", path, accept="application/json"
        ) as answer:
            if isinstance(answer, int):
                raise Refused(f"the catalog answered with status {answer}")
            yield answer

    def _refusal(self, status: int, checksum: str) -> Exception:
        # The words of the reference.
        if status == _TOO_MANY:
            return Refused(f"Exceeded quota for user {self.user} when downloading {checksum}")
        text = (
            f"Internal download failed for user {self.user} for checksum {checksum}, "
            f"storage answered with status {status}"
        )
        return Unavailable(text) if status >= _SERVER_ERRORS else Refused(text)

    @contextmanager
    def _opened(self, base: str, variable: str, path: str, *, accept: str) -> Iterator[Any]:
        """Yield an answer to read, or the status of one that is none."""
        if not base:
            raise Refused(f"this fleet has no {variable}")
        if self.token is None:
            raise Refused(self.reason)
        url = f"{base}/{path}"
        request = urllib.request.Request(  # noqa: S310 (the scheme of the base was checked)
            url, headers={"Authorization": f"Bearer {self.token}", "Accept": accept}
        )
        proxy = self.network.proxy_for(url)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else {}), _NoRedirection
        )
        try:
            with opener.open(request, timeout=READ_TIMEOUT) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            with error:
                yield error.code
        except urllib.error.URLError as error:
            raise Unavailable(f"{base} does not answer: {error.reason}") from error
        except http.client.HTTPException as error:
            raise Unavailable(f"{base} broke off: {error!r}") from error


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: the token is for nobody else."""

    def redirect_request(self, *_arguments: Any) -> None:
        """Return no request."""
