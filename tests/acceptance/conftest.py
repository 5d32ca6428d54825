"""The platform of the acceptance tests: started once, spoken to as its clients and workers do."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.acceptance.amqp_client import ForeignWorker, Peer, RabbitClient
from tests.acceptance.blueprint import Blueprint
from tests.acceptance.embedded_client import EmbeddedClient
from tests.acceptance.participant import Client
from tests.stack.environment import Servers
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess
from tests.stack.stack import Stack

#: Run by the fleet of the shared platform. `accept-late` is not: it comes alive in tests.
SERVED = (
    "accept-echo",
    "accept-Nothing",
    "accept-stamp-a",
    "accept-stamp-b",
    "accept-stamp-c",
    "accept-binary",
    "accept-inspect",
    "accept-slow",
    "accept-raise",
    "accept-picky",
    "accept-postpone",
)
_ALIVE_TIMEOUT = 40.0

Connect = Callable[[], Client]
Hire = Callable[[str], ForeignWorker]


def connect_client(stack: Stack) -> Client:
    """Return a client for the broker of the stack."""
    return RabbitClient(stack.broker_url) if stack.broker_url else EmbeddedClient(stack.var)


def await_alive(client: Client, requests: dict[str, bytes]) -> None:
    """Wait until requests of these content types are served, one each."""
    for content_type, body in requests.items():
        client.submit(f"alive-{content_type}", content_type, body)
    client.await_all([f"alive-{content_type}" for content_type in requests], timeout=_ALIVE_TIMEOUT)


@pytest.fixture(scope="session")
def blueprint(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blueprint]:
    """Give what opens platforms that are set up."""
    with Blueprint.drawn(servers=servers, folders=tmp_path_factory) as drawn:
        yield drawn


@pytest.fixture(scope="session")
def shared(blueprint: Blueprint) -> Iterator[Platform]:
    """Give the platform that journeys share; its manager, jobs, clock and one fleet are running."""
    with blueprint.opened(name="shared", variables={"HEARTBEAT_EXPIRY_SECONDS": "30"}) as platform:
        with platform.side_by_side():
            platform.start_manager()
            platform.start_jobs()
            platform.start_beat()
            platform.start_fleet(SERVED, pool="threads", concurrency=4)
        client = connect_client(platform.stack)
        await_alive(client, {"echo": b"{}"})
        client.close()
        yield platform


@pytest.fixture
def client(shared: Platform) -> Iterator[Client]:
    """Give a client of the shared platform."""
    connected = connect_client(shared.stack)
    yield connected
    connected.close()


@pytest.fixture
def peer(shared: Platform) -> Iterator[Peer]:
    """Give a bare connection to the broker of the shared platform."""
    with Peer(shared.stack.broker_url or "") as connected:
        yield connected


@pytest.fixture
def hire(shared: Platform) -> Iterator[Hire]:
    """Give a function that connects a foreign worker of a type to the shared platform."""
    hired: list[ForeignWorker] = []

    def hire_one(worker_type: str) -> ForeignWorker:
        hired.append(ForeignWorker(shared.stack.broker_url or "", worker_type))
        return hired[-1]

    yield hire_one
    for worker in hired:
        worker.close()


@contextmanager
def one_bulk(process: ManagedProcess) -> Iterator[None]:
    """Make the manager see what is published meanwhile as one bulk."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


@pytest.fixture
def manager(shared: Platform) -> ManagedProcess:
    """Give the manager of the shared platform."""
    return next(process for process in shared.processes if process.name.startswith("manager"))
