"""Fleets that are stopped in order, and long work whose fleet is killed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.acceptance.blueprint import Blueprint
from tests.acceptance.conftest import connect_client
from tests.acceptance.participant import Client
from tests.acceptance.worker_types import effect_file
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess

pytestmark = [pytest.mark.rabbitmq, pytest.mark.postgres]

_POOLS = pytest.mark.parametrize("pool", ["threads", "prefork"])


@pytest.fixture(scope="module")
def platform(blueprint: Blueprint) -> Iterator[Platform]:
    """Give a platform without fleets, whose fleets have little time to stop."""
    variables = {"HEARTBEAT_EXPIRY_SECONDS": "4", "WORKER_GRACE_SECONDS": "4"}
    with blueprint.opened(name="stops", variables=variables) as opened:
        with opened.side_by_side():
            opened.start_manager()
            opened.start_jobs()
            opened.start_beat()
        yield opened


@pytest.fixture
def client(platform: Platform) -> Iterator[Client]:
    connected = connect_client(platform.stack)
    yield connected
    connected.close()


@contextmanager
def _fleet(
    platform: Platform, worker_type: str, *, pool: str, arguments: list[str]
) -> Iterator[ManagedProcess]:
    """Give a fleet of one unit, which is gone afterwards."""
    fleet = platform.start_fleet([worker_type], pool=pool, arguments=arguments)
    yield fleet
    fleet.clean_up()
    platform.processes.remove(fleet)


def _runs(platform: Platform, request_id: str) -> list[str]:
    """Return the attempts whose work has begun."""
    file = effect_file(platform.stack.var / "storage", request_id)
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.split()[0].rpartition(":")[2] for line in lines]


def _await_start(platform: Platform, client: Client, request_id: str) -> None:
    client.await_that(lambda: bool(_runs(platform, request_id)))


@_POOLS
def test_it_ends_what_runs_and_gives_back_what_waits(platform: Platform, client: Client, pool: str) -> None:
    running, *waiting = (f"orderly-{pool}-{number}" for number in range(4))
    ahead = ["--prefetch-multiplier", "4"]
    with _fleet(platform, "accept-interrupted", pool=pool, arguments=ahead) as stopped:
        client.submit(running, "interrupted", b'{"seconds": 2}')
        _await_start(platform, client, running)
        for name in waiting:
            client.submit(name, "interrupted", b'{"seconds": 0}')
        client.await_that(lambda: all("GRANTED" in client.states(name) for name in waiting))
        assert stopped.terminate() == 0
    with _fleet(platform, "accept-interrupted", pool=pool, arguments=[]):
        client.await_all([running, *waiting])
    # A second attempt would have ended in an error: one is allowed.
    assert {client.finals(name)[-1].state for name in [running, *waiting]} == {"SUCCESS"}
    assert [_runs(platform, name) for name in [running, *waiting]] == [["1"]] * 4


@_POOLS
def test_work_that_outlasts_the_grace_is_done_again_and_has_not_failed(
    platform: Platform, client: Client, pool: str
) -> None:
    name = f"outlasts-{pool}"
    with _fleet(platform, "accept-interrupted", pool=pool, arguments=[]) as stopped:
        client.submit(name, "interrupted", b'{"seconds": 60}')
        _await_start(platform, client, name)
        assert stopped.terminate() == 1
    with _fleet(platform, "accept-interrupted", pool=pool, arguments=[]):
        assert client.await_final(name).state == "SUCCESS"
    assert _runs(platform, name) == ["1", "2"]


def test_long_work_of_a_killed_fleet_is_done_again_although_it_was_acknowledged(
    platform: Platform, client: Client
) -> None:
    with _fleet(platform, "accept-endure", pool="threads", arguments=[]) as killed:
        client.submit("endures", "endure", b'{"seconds": 60}')
        _await_start(platform, client, "endures")
        killed.kill()
    with _fleet(platform, "accept-endure", pool="threads", arguments=[]):
        assert client.await_final("endures", timeout=40).state == "SUCCESS"
    assert _runs(platform, "endures") == ["1", "2"]
