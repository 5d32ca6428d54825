"""Throw-away virtual hosts on the RabbitMQ server of the session.

They are made with ``rabbitmqctl`` where it can be called (``REGARDS_RABBITMQCTL`` names the command of a
private node), else over the management API. Each call of ``rabbitmqctl`` takes a second of a processor, so a
session makes several at a time, and removes all of them together at its end.
"""

import base64
import json
import os
import shlex
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from tests.stack.environment import throw_away_name, with_path

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ALL = {"configure": ".*", "write": ".*", "read": ".*"}
#: Made at a time: more would wait for modules that may never come.
_BATCH: Final = 4

# What `rabbitmqctl add_vhost`, `set_permissions` and `delete_vhost` do, for any number at once.
_MAKE = """lists:foreach(fun(Name) ->
    ok = rabbit_vhost:add(Name, <<"tests">>),
    ok = rabbit_auth_backend_internal:set_permissions(
        <<"{user}">>, Name, <<".*">>, <<".*">>, <<".*">>, <<"tests">>)
end, [{names}])."""
_REMOVE = """lists:foreach(fun(Name) -> rabbit_vhost:delete(Name, <<"tests">>) end, [{names}])."""


class NoVhost(Exception):
    """A virtual host can be made neither with rabbitmqctl nor over the management API."""


class VhostStock:
    """The virtual hosts of a session: it gives each only once."""

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self._command = _rabbitmqctl(self._server)
        self._made: list[str] = []
        self._unused: list[str] = []

    def make(self, names: Sequence[str]) -> None:
        """Make virtual hosts that the caller names; the stock removes them."""
        self._made += names
        if self._command and self._runs(_MAKE, names):
            return
        self._command = []
        for name in names:
            _manage(self._server, "PUT", f"vhosts/{name}")
            _manage(self._server, "PUT", f"permissions/{name}/{_user(self._server)}", _ALL)

    def take(self) -> str:
        """Return the name of one that nobody has used."""
        if not self._unused:
            self._unused = [throw_away_name("stack") for _ in range(_BATCH)]
            self.make(self._unused)
        return self._unused.pop()

    def remove_all(self) -> None:
        """Leave none of them behind."""
        names, self._made, self._unused = self._made, [], []
        if self._command:
            assert not names or self._runs(_REMOVE, names), f"rabbitmqctl removes none of {names}"
            return
        for name in names:
            _manage(self._server, "DELETE", f"vhosts/{name}")

    def _runs(self, expression: str, names: Sequence[str]) -> bool:
        quoted = ", ".join(f'<<"{name}">>' for name in names)
        whole = expression.format(user=_user(self._server), names=quoted)
        done = subprocess.run(
            [*self._command, "eval", whole], check=False, capture_output=True, timeout=120, text=True
        )
        return (done.returncode, done.stdout.strip()) == (0, "ok")


#: That of the block of `stocked`.
_stocks: Final[list[VhostStock]] = []


@contextmanager
def stocked(url: str) -> Iterator[None]:
    """Make the virtual host that a URL names, and let `own_vhost` take from a stock during the block."""
    stock = VhostStock(url)
    stock.make([urlsplit(url).path.lstrip("/")])
    _stocks.append(stock)
    try:
        yield
    finally:
        _stocks.remove(stock)
        stock.remove_all()


@contextmanager
def own_vhost(url: str | None) -> Iterator[str | None]:
    """Give the URL of a virtual host that nobody has used; without a server, ``None``.

    It is gone at the end of the block, or of the block of `stocked` that is around it.
    """
    if url is None:
        yield None
    elif _stocks:
        yield with_path(url, _stocks[-1].take())
    else:
        name = throw_away_name("stack")
        with stocked(with_path(url, name)):
            yield with_path(url, name)


def _user(server: SplitResult) -> str:
    return unquote(server.username or "guest")


def _rabbitmqctl(server: SplitResult) -> list[str]:
    named = os.environ.get("REGARDS_RABBITMQCTL")
    local = shutil.which("rabbitmqctl") if server.hostname in _LOOPBACK else None
    command = shlex.split(named) if named else [local] if local else []
    return [*command, "--silent"] if command else []


def _manage(server: SplitResult, method: str, path: str, body: dict[str, str] | None = None) -> None:
    token = base64.b64encode(f"{_user(server)}:{unquote(server.password or 'guest')}".encode()).decode()
    request = urllib.request.Request(
        f"http://{server.hostname}:15672/api/{path}",
        method=method,
        data=json.dumps(body or {}).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 (likewise)
    except OSError as error:
        message = f"no usable rabbitmqctl, and {method} {path} on {server.hostname} says {error}"
        raise NoVhost(message) from error
