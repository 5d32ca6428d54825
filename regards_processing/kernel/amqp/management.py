"""What only RabbitMQ's management interface tells and does."""

import base64
import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit

from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.inspection import ListedQueue
from regards_processing.kernel.amqp.topology import BindingSpec

_TIMEOUT: Final = 5.0
#: A cluster answers when the virtual host is there on all its nodes.
_CREATE_TIMEOUT: Final = 30.0
#: Most bytes of a refusal that are told.
_MOST_TOLD: Final = 200
#: What is asked of each queue.
_COLUMNS: Final = (
    "name",
    "durable",
    "auto_delete",
    "arguments",
    "messages_ready",
    "consumers",
    "policy",
    "operator_policy",
    "effective_policy_definition",
)
#: An argument that RabbitMQ adds to what was declared.
_ADDED: Final = "x-queue-type"


class ManagementUnavailable(BrokerUnavailable):
    """The broker's management interface cannot be asked."""

    code = "MANAGEMENT_UNAVAILABLE"


class ManagementApi:
    """Speaks with the management interface about one virtual host."""

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
        """Return the routes from an exchange, to queues and to other exchanges.

        Raises:
            ManagementUnavailable: it cannot be reached, or does not let us in.
        """
        rows = self._read(f"exchanges/{self._virtual_host}/{quote(exchange, safe='')}/bindings/source")
        return frozenset(
            BindingSpec(
                exchange=exchange,
                queue=row["destination"],
                routing_key=row["routing_key"],
                headers=_headers(row),
            )
            for row in rows
        )

    def queues(self) -> list[ListedQueue]:
        """Return all queues.

        Raises:
            ManagementUnavailable: it cannot be reached, or does not let us in.
        """
        rows = self._read(f"queues/{self._virtual_host}?columns={','.join(_COLUMNS)}")
        return [_queue(row) for row in rows]

    def exists(self) -> bool:
        """Return whether there is such a virtual host.

        Raises:
            ManagementUnavailable: it cannot be reached, or does not let us in.
        """
        return bool(self._read(f"vhosts/{self._virtual_host}"))

    def create(self, *, user: str) -> None:
        """Make the virtual host and let a user do everything there; may be repeated.

        Raises:
            ManagementUnavailable: it cannot be reached, or does not let us.
        """
        self._write(f"vhosts/{self._virtual_host}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._write(f"permissions/{self._virtual_host}/{quote(user, safe='')}", everything)

    def _read(self, path: str) -> Any:
        """Return the answer; of what there is not, an empty list."""
        request = self._request(path)
        with self._errors():
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 (likewise)
                    return json.load(answer)
            except HTTPError as error:
                if error.code != HTTPStatus.NOT_FOUND:
                    raise
                error.close()
                return []

    def _write(self, path: str, body: Mapping[str, str]) -> None:
        request = self._request(path, method="PUT", data=json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        with self._errors():
            urllib.request.urlopen(request, timeout=_CREATE_TIMEOUT).close()  # noqa: S310 (likewise)

    def _request(self, path: str, **how: Any) -> urllib.request.Request:
        url, headers = f"{self._base}/{path}", {"Authorization": self._authorization}
        return urllib.request.Request(url, headers=headers, **how)  # noqa: S310 (the setting allows http and https only)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            raise ManagementUnavailable(self._words(f"{error}{_reason(error)}")) from error
        except (HTTPException, OSError, ValueError) as error:
            raise ManagementUnavailable(self._words(str(error) or repr(error))) from error

    def _words(self, said: str) -> str:
        return f"The management interface {self._base} says: {said}"


def _reason(error: HTTPError) -> str:
    """Return what RabbitMQ adds to a refusal, if it does."""
    with error, suppress(HTTPException, OSError):
        said = error.read(_MOST_TOLD).decode(errors="replace")
        return f" {said}" if said else ""
    return ""


def _headers(row: dict[str, Any]) -> dict[str, str]:
    """Return what a route asks of the headers of a message; without any, it may come as an empty array."""
    arguments = dict(row.get("arguments") or {})
    return {name: value for name, value in arguments.items() if name != "x-match"}


def _queue(row: dict[str, Any]) -> ListedQueue:
    # Without entries, an object may come as an empty array; what is not counted yet is left out.
    arguments = dict(row.get("arguments") or {})
    if arguments.get(_ADDED) == "classic":
        del arguments[_ADDED]
    names = (row.get("policy"), row.get("operator_policy"))
    return ListedQueue(
        name=row["name"],
        definition={"durable": row["durable"], "auto_delete": row["auto_delete"], **arguments},
        messages=row.get("messages_ready") or 0,
        consumers=row.get("consumers"),
        policy=", ".join(name for name in names if name),
        policy_definition=dict(row.get("effective_policy_definition") or {}),
    )
