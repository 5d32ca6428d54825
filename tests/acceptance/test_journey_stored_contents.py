"""Contents of 20 MB go through three steps, and neither the broker nor the database has them on the way."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from tests.acceptance.amqp_client import ForeignWorker
from tests.acceptance.blueprint import Blueprint
from tests.acceptance.conftest import connect_client
from tests.acceptance.participant import Client
from tests.acceptance.tables import requests_left, stored_contents
from tests.acceptance.worker_types import made_heavy
from tests.stack.platform import Platform

_BODY = b'{"scene":1}'
_OF_STEP_TWO = made_heavy(made_heavy(_BODY))
_TIMEOUT = 60.0
#: With a base64 text of any of the contents it would be 26 MB.
_SMALL = 5000
_SWEEP = "from worker_manager.tasks import remove_unneeded_contents as sweep; print(sweep())"


@pytest.fixture(scope="module")
def heavy(blueprint: Blueprint) -> Iterator[Platform]:
    """Give a platform that stores large contents; nobody serves the last of the three steps yet."""
    variables = {
        "STORED_CONTENTS": "true",
        "WORKER_STORED_CONTENT_BYTES": "1000000",
        "WORKER_MAX_CONTENT_BYTES": "30000000",
        "HEARTBEAT_EXPIRY_SECONDS": "30",
    }
    with blueprint.opened(name="heavy", variables=variables) as platform:
        with platform.side_by_side():
            platform.start_manager()
            platform.start_jobs()
            platform.start_beat()
            platform.start_fleet(["accept-heavy-a", "accept-heavy-b"])
        yield platform


@pytest.fixture
def client(heavy: Platform) -> Iterator[Client]:
    """Give a client of this platform."""
    connected = connect_client(heavy.stack)
    yield connected
    connected.close()


def _files(platform: Platform) -> list[str]:
    folder = platform.stack.var / "storage" / ".contents" / "default"
    return sorted(path.name for path in folder.glob("*/*"))


def _await_last_step(client: Client, platform: Platform, request_id: str) -> None:
    """Wait until a request has the content of its second step."""
    sha256 = hashlib.sha256(_OF_STEP_TWO).hexdigest()

    def has_it() -> bool:
        _, reference = stored_contents(platform.stack).get(request_id, (0, None))
        return reference is not None and reference["sha256"] == sha256

    client.await_that(has_it, _TIMEOUT)


def test_it_takes_them_from_step_to_step_as_files(client: Client, heavy: Platform) -> None:
    client.submit("heavy-1", "three-heavy-steps", _BODY)
    _await_last_step(client, heavy, "heavy-1")
    ((size, reference),) = stored_contents(heavy.stack).values()
    assert (size, reference["size"], reference["attempt"]) == (0, 20_000_000, 2)
    assert f"2-{reference['sha256']}" in _files(heavy)
    fleet = heavy.start_fleet(["accept-heavy-c"])
    success = client.await_final("heavy-1", timeout=_TIMEOUT)
    assert success.state == "SUCCESS"
    assert success.content == made_heavy(_OF_STEP_TWO)
    fleet.terminate()
    assert requests_left(heavy.stack) == []
    heavy.manage("shell", "-c", _SWEEP)
    assert _files(heavy) == []


@pytest.mark.rabbitmq
def test_it_sends_a_fleet_the_reference_alone(client: Client, heavy: Platform) -> None:
    with ForeignWorker(heavy.stack.broker_url or "", "accept-heavy-c") as played:
        played.beat(protocol="celery", storedContents=True, concurrency=1)
        client.submit("heavy-2", "three-heavy-steps", _BODY)
        sent = played.await_message("regards.worker.accept-heavy-c.task", timeout=_TIMEOUT, auto_ack=False)
        ((argument,), _, _) = json.loads(sent.body)
        assert argument["content"]["sha256"] == hashlib.sha256(_OF_STEP_TWO).hexdigest()
        assert sent.headers["x-accepts-stored-content"] == "true"
        assert len(sent.body) < _SMALL
        played.channel.basic_reject(sent.tag, requeue=True)
    fleet = heavy.start_fleet(["accept-heavy-c"])
    assert client.await_final("heavy-2", timeout=_TIMEOUT).content == made_heavy(_OF_STEP_TWO)
    fleet.terminate()
