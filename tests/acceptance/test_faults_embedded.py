"""On the embedded broker a killed process takes the messages it held with it: the watchdog must act."""

from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import await_alive, connect_client, opened_platform
from tests.acceptance.tables import finished, requests_left
from tests.stack.environment import Servers
from tests.stack.platform import Platform

pytestmark = pytest.mark.embedded


@pytest.fixture
def platform(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    variables = {"HEARTBEAT_EXPIRY_SECONDS": "4", "QUEUE_TIMEOUT_SECONDS": "6"}
    folder = tmp_path_factory.mktemp("watchdog")
    with opened_platform(servers=servers, folder=folder, name="watchdog", variables=variables) as opened:
        with opened.side_by_side():
            opened.start_manager()
            opened.start_jobs()
            opened.start_beat()
        yield opened


def test_it_rescues_the_requests_of_a_killed_fleet(platform: Platform) -> None:
    client = connect_client(platform.stack)
    fleet = platform.start_fleet(["accept-slow"], pool="threads", concurrency=2)
    await_alive(client, {"slow": b'{"seconds":0}'})
    names = [f"rescued-{number}" for number in range(8)]
    for name in names:
        client.submit(name, "slow", b'{"seconds":0.5}')
    client.await_some(names, count=1)
    fleet.kill()
    fleet.start()
    client.await_all(names, timeout=45)
    assert {client.finals(name)[-1].state for name in names} == {"SUCCESS"}
    assert {name: finished(platform.stack)[name] for name in names} == {name: ["SUCCESS"] for name in names}
    assert requests_left(platform.stack) == []
