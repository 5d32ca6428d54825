"""What only RabbitMQ's management interface tells."""

import base64
import json
import urllib.request
from http import HTTPStatus
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit

from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.topology import BindingSpec

_TIMEOUT: Final = 5.0


class ManagementUnavailable(BrokerUnavailable):
    """The broker's management interface cannot be asked."""

    code = "MANAGEMENT_UNAVAILABLE"


class ManagementApi:
    """Reads the management interface about one virtual host."""

    def __init__(self, *, url: str, virtual_host: str) -> None:
        """Name the interface.

        Args:
            url: ``http://user:password@host:15672``.
        """
        parts = urlsplit(url)
        account = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        self._authorization = f"Basic {base64.b64encode(account).decode()}"
        self._base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}/api"
        self._virtual_host = quote(virtual_host, safe="")

    def bindings(self, exchange: str) -> frozenset[BindingSpec]:
        """Return the routes from an exchange to queues.

        Raises:
            ManagementUnavailable: it cannot be reached, or does not let us in.
        """
        rows = self._read(f"exchanges/{self._virtual_host}/{quote(exchange, safe='')}/bindings/source")
        return frozenset(
            BindingSpec(exchange=exchange, queue=row["destination"], routing_key=row["routing_key"])
            for row in rows
            if row["destination_type"] == "queue"
        )

    def _read(self, path: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 (the setting allows http and https only)
            f"{self._base}/{path}", headers={"Authorization": self._authorization}
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 (likewise)
                return json.load(answer)
        except HTTPError as error:
            error.close()
            if error.code == HTTPStatus.NOT_FOUND:
                return []
            raise ManagementUnavailable(f"The management interface {self._base} says: {error}") from error
        except (OSError, ValueError) as error:
            raise ManagementUnavailable(f"The management interface {self._base} says: {error}") from error
