"""Processes that are killed with -9 while 300 requests are in flight."""

from collections.abc import Iterator

import pytest

from tests.acceptance.blueprint import Blueprint
from tests.acceptance.conftest import await_alive, connect_client
from tests.acceptance.participant import Client
from tests.acceptance.storm import Storm
from tests.acceptance.worker_types import effect_file
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess

pytestmark = [pytest.mark.rabbitmq, pytest.mark.postgres]

_STEPS = ("accept-stamp-a", "accept-stamp-b", "accept-stamp-c")


@pytest.fixture(scope="module")
def platform(blueprint: Blueprint) -> Iterator[Platform]:
    """Give a platform with a manager and two fleets that serve the same types, with different pools."""
    variables = {"HEARTBEAT_EXPIRY_SECONDS": "8", "OUTBOX_GRACE_SECONDS": "2"}
    with blueprint.opened(name="faults", variables=variables) as opened:
        with opened.side_by_side():
            opened.start_manager()
            opened.start_jobs()
            opened.start_beat()
            opened.start_fleet(_STEPS, pool="threads", concurrency=4)
            opened.start_fleet(_STEPS, pool="prefork", concurrency=2)
        client = connect_client(opened.stack)
        await_alive(client, {"three-steps": b"{}"})
        client.close()
        yield opened


@pytest.fixture
def manager(platform: Platform) -> ManagedProcess:
    return next(process for process in platform.processes if process.name.startswith("manager"))


@pytest.fixture
def managers(platform: Platform, manager: ManagedProcess) -> Iterator[list[ManagedProcess]]:
    """Give two more managers beside the one that is always there."""
    with platform.side_by_side():
        others = [platform.start_manager(), platform.start_manager()]
    yield [manager, *others]
    for other in others:
        other.kill()


@pytest.fixture
def fleets(platform: Platform) -> list[ManagedProcess]:
    return [process for process in platform.processes if process.name.startswith("fleet")]


@pytest.fixture
def client(platform: Platform) -> Iterator[Client]:
    connected = connect_client(platform.stack)
    yield connected
    connected.close()


@pytest.mark.parametrize("which", [0, 1], ids=["threads", "prefork"])
def test_it_survives_the_death_of_a_fleet(
    client: Client, fleets: list[ManagedProcess], platform: Platform, which: int
) -> None:
    storm = Storm(client, f"fleet-{which}")
    storm.break_out()
    fleets[which].kill()
    storm.pass_by(platform.stack)
    fleets[which].start()


def test_it_survives_the_death_of_the_manager(
    client: Client, manager: ManagedProcess, platform: Platform
) -> None:
    storm = Storm(client, "manager")
    storm.break_out()
    manager.kill()
    manager.start()
    storm.pass_by(platform.stack)


def test_it_does_everything_once_when_three_managers_share_the_work(
    client: Client, managers: list[ManagedProcess], platform: Platform
) -> None:
    storm = Storm(client, "shared")
    storm.break_out()
    storm.pass_by(platform.stack)
    once = ("GRANTED", "GRANTED", "GRANTED", "SUCCESS")
    assert {tuple(client.states(name)) for name in storm.names} == {once}
    storage = platform.stack.var / "storage"
    for name in storm.names:
        runs = [line.split() for line in effect_file(storage, name).read_text().splitlines()]
        assert [step for _, step, _ in runs] == ["a", "b", "c"]
    assert all("answers applied" in process.output() for process in managers)


def test_it_survives_the_death_of_one_of_three_managers(
    client: Client, managers: list[ManagedProcess], platform: Platform
) -> None:
    storm = Storm(client, "one-of-three")
    storm.break_out()
    managers[2].kill()
    storm.pass_by(platform.stack)


def test_it_survives_the_death_of_the_manager_and_all_fleets(
    client: Client, manager: ManagedProcess, fleets: list[ManagedProcess], platform: Platform
) -> None:
    storm = Storm(client, "both")
    storm.break_out()
    everybody = [manager, *fleets]
    for process in everybody:
        process.kill()
    for process in everybody:
        process.launch()
    storm.pass_by(platform.stack)


@pytest.mark.restarts_servers
def test_it_survives_a_restart_of_rabbitmq(client: Client, platform: Platform) -> None:
    storm = Storm(client, "broker")
    storm.break_out()
    platform.stack.restart_broker()
    # Celery waits longer and longer before it tries to connect again.
    storm.pass_by(platform.stack, timeout=80)


@pytest.mark.restarts_servers
def test_it_survives_a_restart_of_postgresql(client: Client, platform: Platform) -> None:
    storm = Storm(client, "database")
    storm.break_out()
    platform.stack.restart_database()
    storm.pass_by(platform.stack)
