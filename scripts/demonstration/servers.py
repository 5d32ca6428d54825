"""The servers of the demonstration: none, those of the caller, or private ones of ``scripts/services``."""

import os
import secrets
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from amqp.exceptions import AMQPError, NotFound
from psycopg2 import sql

from regards_processing.kernel.amqp.connection import BrokerAddress, open_connection
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.topology import REQUEST_QUEUE, Topology, shared_topology, worker_topology
from scripts.demonstration.interruption import undisturbed
from scripts.demonstration.processes import ROOT, run
from workers.transport import addresses

#: What Celery declares for the operator jobs; exchanges that others use are left alone.
_JOB_QUEUES: Final = ("regards.jobs",)
_JOB_EXCHANGES: Final = ("regards.jobs", "celery.pidbox", "reply.celery.pidbox", "celeryev")


class UnusableServer(Exception):
    """A server cannot be used for the demonstration; the text says why and what would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where database and broker are; ``None`` stands for the embedded ones."""

    database_url: str | None = None
    broker_url: str | None = None

    def variables(self) -> dict[str, str]:
        """Return the variables that name the servers."""
        named = {"DATABASE_URL": self.database_url, "BROKER_URL": self.broker_url}
        return {name: value for name, value in named.items() if value}

    def __str__(self) -> str:
        """Say in words what the platform stands on, without passwords."""
        database = f"PostgreSQL on {_place(self.database_url)}" if self.database_url else "SQLite"
        broker = f"RabbitMQ on {_place(self.broker_url)}" if self.broker_url else "the embedded broker"
        return f"{database} and {broker}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which servers the caller asked for."""

    postgres: bool = False
    rabbitmq: bool = False
    #: Those that run already.
    given: Servers = Servers()


@contextmanager
def open_servers(*, wish: Wish, var: Path, worker_types: list[str]) -> Iterator[Servers]:
    """Give servers for the duration of the block, and leave nothing on them.

    Raises:
        UnusableServer: one cannot be reached or used.
    """
    _check(wish.given)
    with ExitStack() as stack:
        private = Servers()
        if (wish.postgres and not wish.given.database_url) or (wish.rabbitmq and not wish.given.broker_url):
            private = stack.enter_context(_private_servers(var))
        database = private.database_url if wish.postgres and not wish.given.database_url else None
        broker = private.broker_url if wish.rabbitmq and not wish.given.broker_url else None
        if wish.given.database_url:
            database = stack.enter_context(_own_database(wish.given.database_url))
        if wish.given.broker_url:
            broker = stack.enter_context(_own_queues(wish.given.broker_url, worker_types))
        yield Servers(database_url=database, broker_url=broker)


def _check(given: Servers) -> None:
    """Refuse what is no URL of a server.

    Raises:
        UnusableServer: it says which option or variable is wrong.
    """
    named = (
        ("--postgres or DATABASE_URL", given.database_url, ("postgres", "postgresql"), True),
        ("--rabbitmq or BROKER_URL", given.broker_url, addresses.BROKER_SCHEMES, False),
    )
    for name, url, schemes, by_socket in named:
        if url and not addresses.names_a_server(url, schemes=schemes, by_socket=by_socket):
            expected = addresses.server_of(*schemes)
            raise UnusableServer(f"{name} is {addresses.shown(url)!r}: {expected} is expected")


@contextmanager
def _private_servers(var: Path) -> Iterator[Servers]:
    try:
        exports = _services("up", var=var)
        values = dict(
            word.split("=", 1) for word in shlex.split(exports.replace("export ", "")) if "=" in word
        )
        yield Servers(database_url=values["DATABASE_URL"], broker_url=values["BROKER_URL"])
    finally:
        _services("down", var=var)


def _services(command: str, *, var: Path) -> str:
    script = str(ROOT / "scripts" / "services")
    done = run([script, command], environment={**os.environ, "REGARDS_VAR": str(var)})
    if done.returncode:
        raise UnusableServer(f"scripts/services {command}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    """Create a database of our own on the server that a URL names."""
    name = f"regards_demo_{secrets.token_hex(4)}"
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    parts = urlsplit(url)
    with ExitStack() as stack:
        with undisturbed():
            _create(url, create)
            stack.callback(_execute, url, drop)
        yield urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


def _create(url: str, statement: sql.Composed) -> None:
    try:
        _execute(url, statement)
    except psycopg2.Error as error:
        raise UnusableServer(
            f"PostgreSQL on {_place(url)} does not let us create a database: {str(error).strip()}"
        ) from error


def _execute(url: str, statement: sql.Composed) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


@contextmanager
def _own_queues(url: str, worker_types: list[str]) -> Iterator[str]:
    """Make sure that no platform uses the virtual host, and delete our queues and exchanges afterwards."""
    address = BrokerAddress(url=url)
    try:
        connection = open_connection(address=address)
    except BrokerUnavailable as error:
        raise UnusableServer(str(error)) from error
    channel: Any = connection.channel()
    try:
        channel.queue_declare(queue=REQUEST_QUEUE, passive=True)
    except NotFound:
        connection.release()
    else:
        connection.release()
        raise UnusableServer(
            f"a platform uses the virtual host of {_place(url)} already: its queue {REQUEST_QUEUE} exists. "
            "Give the demonstration a virtual host of its own"
        )
    try:
        yield url
    finally:
        _delete(address, sum(map(worker_topology, worker_types), shared_topology()))


def _delete(address: BrokerAddress, topology: Topology) -> None:
    connection = open_connection(address=address)
    for queue in (*(queue.name for queue in topology.queues), *_JOB_QUEUES):
        _channel(connection).queue_delete(queue)
    for exchange in (*(exchange.name for exchange in topology.exchanges), *_JOB_EXCHANGES):
        with suppress(AMQPError):
            _channel(connection).exchange_delete(exchange, if_unused=True)
    connection.release()


def _channel(connection: Any) -> Any:
    """Return a channel; the broker closes one with each refusal."""
    return connection.channel()


def _place(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or "this machine"
    return f"{host}:{parts.port}" if parts.port else host
