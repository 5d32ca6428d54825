"""On the embedded broker a killed process takes the messages it held with it: the watchdog must act."""

import json
from collections.abc import Iterator

import pytest

from tests.acceptance.blueprint import Blueprint
from tests.acceptance.conftest import await_alive, connect_client
from tests.acceptance.tables import finished, requests_left
from tests.stack.platform import Platform

pytestmark = pytest.mark.embedded


@pytest.fixture
def platform(blueprint: Blueprint) -> Iterator[Platform]:
    variables = {"HEARTBEAT_EXPIRY_SECONDS": "4", "QUEUE_TIMEOUT_SECONDS": "6"}
    with blueprint.opened(name="watchdog", variables=variables) as opened:
        with opened.side_by_side():
            opened.start_manager()
            opened.start_jobs()
            opened.start_beat()
        yield opened


def test_it_rescues_the_requests_of_a_killed_fleet(platform: Platform) -> None:
    client = connect_client(platform.stack)
    fleet = platform.start_fleet(["accept-slow"], pool="threads", concurrency=2)
    await_alive(client, {"slow": b'{"seconds":0}'})
    # The second one is being worked on when the first one ends.
    seconds = {"rescued-0": 0.3, "rescued-1": 2.0} | {f"rescued-{number}": 0.1 for number in range(2, 8)}
    for name, duration in seconds.items():
        client.submit(name, "slow", json.dumps({"seconds": duration}).encode())
    client.await_final("rescued-0")
    client.await_that(lambda: ("rescued-1", "RUNNING") in [row[:2] for row in requests_left(platform.stack)])
    fleet.kill()
    fleet.start()
    client.await_all(seconds, timeout=45)
    client.await_states("rescued-1", "GRANTED", "GRANTED", "SUCCESS")
    assert {client.finals(name)[-1].state for name in seconds} == {"SUCCESS"}
    history = finished(platform.stack)
    assert {name: history[name] for name in seconds} == {name: ["SUCCESS"] for name in seconds}
    assert requests_left(platform.stack) == []
