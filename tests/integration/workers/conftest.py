"""One broker per kind, one manager and one worker for the tests that need nothing special."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.workers.fleet import Broker, Fleet
from tests.integration.workers.ftp_server import FtpServer, serving_ftp
from tests.integration.workers.manager import Manager
from tests.integration.workers.s3_server import Bucket, S3Server, reached, serving_s3
from tests.integration.workers.sftp_server import SftpServer, serving_sftp
from tests.stack.environment import Servers
from tests.stack.vhosts import own_vhost

ALL_TYPES = ("echo", "refuse", "fail", "mumble", "quit", "later", "wrong", "Sleep")


# Each kind once: the embedded broker is the same beside every database.
@pytest.fixture(
    scope="module",
    params=[pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("embedded", "rabbitmq")],
)
def broker(
    request: pytest.FixtureRequest, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """Give a fresh broker of each kind."""
    url = {"embedded": None, "rabbitmq": servers.broker_url}[request.param]
    with own_vhost(url) as own:
        yield Broker(url=own, var=tmp_path_factory.mktemp("var"))


@pytest.fixture
def rabbitmq(servers: Servers, tmp_path: Path) -> Iterator[Broker]:
    """Give a virtual host of the test's own."""
    with own_vhost(servers.broker_url) as own:
        yield Broker(url=own, var=tmp_path)


@pytest.fixture(scope="module")
def shared_manager(broker: Broker) -> Iterator[Manager]:
    """Play the manager."""
    with Manager(broker=broker) as playing:
        yield playing


@pytest.fixture(scope="module")
def fleet(broker: Broker, shared_manager: Manager) -> Iterator[Fleet]:  # noqa: ARG001  # binds its queues first
    """Run a worker of all types but those that kill it."""
    with Fleet(broker=broker, types=ALL_TYPES) as running:
        yield running


@pytest.fixture
def manager(shared_manager: Manager, fleet: Fleet) -> Manager:  # noqa: ARG001  # a manager needs a fleet
    """Play the manager of a running fleet."""
    return shared_manager


@pytest.fixture(scope="module")
def s3_server() -> Iterator[S3Server]:
    """Run an S3 server."""
    with serving_s3() as serving:
        yield serving


@pytest.fixture
def bucket(s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Make a bucket that a fleet in this process reaches."""
    reached(s3_server, nowhere=tmp_path / "none", monkeypatch=monkeypatch)
    return s3_server.new_bucket()


@pytest.fixture
def got(tmp_path: Path) -> Path:
    """Name a place of the tenant to bring files to."""
    return tmp_path / "default" / "got" / "a.bin"


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    """Serve a folder by SFTP to a fleet that knows the server."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with serving_sftp(folder) as serving:
        known = tmp_path / "home" / ".ssh" / "known_hosts"
        known.parent.mkdir(parents=True)
        known.write_text(serving.known)
        yield serving


@pytest.fixture
def ftp(tmp_path: Path) -> Iterator[FtpServer]:
    """Serve a folder by FTP."""
    with serving_ftp(tmp_path / "served") as serving:
        yield serving
