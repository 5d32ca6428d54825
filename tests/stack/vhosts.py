"""Throw-away virtual hosts on the RabbitMQ server of the session.

They are made with ``rabbitmqctl`` where it can be called (``REGARDS_RABBITMQCTL`` names the command of a
private node), else over the management API.
"""

import base64
import json
import os
import shlex
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, unquote, urlsplit

from tests.stack.environment import throw_away_name, with_path

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ALL = {"configure": ".*", "write": ".*", "read": ".*"}


class NoVhost(Exception):
    """A virtual host can be made neither with rabbitmqctl nor over the management API."""


@contextmanager
def own_vhost(url: str | None) -> Iterator[str | None]:
    """Create a virtual host for the duration of the block and give its URL; without a server, ``None``."""
    if url is None:
        yield None
        return
    name = throw_away_name("stack")
    with vhost(with_path(url, name)):
        yield with_path(url, name)


@contextmanager
def vhost(url: str) -> Iterator[None]:
    """Create the virtual host that a URL names, for the duration of the block."""
    server, name = urlsplit(url), urlsplit(url).path.lstrip("/")
    command = _rabbitmqctl(server)
    if command and _succeeds([*command, "add_vhost", name]):
        subprocess.run([*command, "set_permissions", "-p", name, _user(server), *_ALL.values()], check=True)
        delete = [*command, "delete_vhost", name]
        try:
            yield
        finally:
            subprocess.run(delete, check=True, timeout=60)
        return
    _manage(server, "PUT", f"vhosts/{name}")
    try:
        _manage(server, "PUT", f"permissions/{name}/{_user(server)}", _ALL)
        yield
    finally:
        _manage(server, "DELETE", f"vhosts/{name}")


def _user(server: SplitResult) -> str:
    return unquote(server.username or "guest")


def _rabbitmqctl(server: SplitResult) -> list[str]:
    named = os.environ.get("REGARDS_RABBITMQCTL")
    local = shutil.which("rabbitmqctl") if server.hostname in _LOOPBACK else None
    command = shlex.split(named) if named else [local] if local else []
    return [*command, "--silent"] if command else []


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


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
