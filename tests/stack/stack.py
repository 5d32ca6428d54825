"""Where a platform under test lives: its database, its broker, its folder."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.stack.databases import own_database
from tests.stack.environment import Servers
from tests.stack.vhosts import own_vhost


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One throw-away place to run the platform in; ``None`` stands for the embedded default."""

    name: str
    database_url: str | None
    broker_url: str | None
    #: Everything that the platform writes, its logs included.
    var: Path
    #: Settings of this platform, over the caller's environment.
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def embedded(self) -> bool:
        """Say whether neither server is used."""
        return self.database_url is None and self.broker_url is None

    def environment(self) -> dict[str, str]:
        """Return the environment of every process of this platform."""
        variables = {name: value for name, value in os.environ.items() if name not in _OF_THE_SESSION}
        variables |= {"REGARDS_VAR": str(self.var), "PYTHONUNBUFFERED": "1"}
        if self.database_url:
            variables["DATABASE_URL"] = self.database_url
        if self.broker_url:
            variables["BROKER_URL"] = self.broker_url
        if not self.embedded:
            secrets = {name: os.environ[name] for name in ("SECRET_KEY", "REGARDS_JWT_SECRET")}
            variables |= secrets
        return variables | dict(self.variables)

    def restart_broker(self) -> None:
        """Stop and start RabbitMQ; only servers of ``scripts/services`` can be."""
        _services("restart", "rabbitmq")

    def restart_database(self) -> None:
        """Stop and start PostgreSQL; only servers of ``scripts/services`` can be."""
        _services("restart", "postgres")


#: What the stack decides by itself; the rest of the caller's environment goes through.
_OF_THE_SESSION = frozenset(
    {
        "BROKER_URL",
        "DATABASE_URL",
        "DJANGO_SETTINGS_MODULE",
        "REGARDS_JWT_SECRET",
        "REGARDS_SHARED_STORAGE",
        "REGARDS_VAR",
        "REGARDS_WORKDIR",
        "SECRET_KEY",
    }
)


def servers_can_restart() -> bool:
    """Say whether the servers are ours to restart."""
    return bool(os.environ.get("REGARDS_SERVICES"))


@contextmanager
def open_stack(
    *,
    servers: Servers,
    folder: Path,
    name: str,
    variables: Mapping[str, str] | None = None,
    like: Stack | None = None,
) -> Iterator[Stack]:
    """Make a place to run the platform in, and remove its database and virtual host afterwards.

    ``like`` is a place where nothing runs: the new one begins with what its database and its folder hold.
    """
    original = like.database_url if like else None
    if like:
        shutil.copytree(like.var, folder, dirs_exist_ok=True)
    with (
        own_database(servers.database_url, like=original) as database_url,
        own_vhost(servers.broker_url) as broker_url,
    ):
        yield Stack(
            name=name,
            database_url=database_url,
            broker_url=broker_url,
            var=folder,
            variables=variables or {},
        )


def _services(*arguments: str) -> None:
    command = shlex.split(os.environ["REGARDS_SERVICES"])
    subprocess.run([*command, *arguments], check=True, timeout=180, stdin=subprocess.DEVNULL)
