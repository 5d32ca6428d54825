"""Orders over a real scene, as rs-order gives them: on many processes, and while these die."""

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.blueprint import Blueprint
from tests.acceptance.cutouts import TAIL, cut_out, write_program
from tests.acceptance.order_service import Fetched, OrderService, Suborder
from tests.acceptance.tables import executions
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess
from tests.stack.wire import Wire, wire_to

# Eleven processes start before the first test, which takes slow machines a while.
pytestmark = [pytest.mark.rabbitmq, pytest.mark.postgres, pytest.mark.timeout(300)]

_FEATURES: Final = 50
_SCOPES: Final = ("SUBORDER", "FEATURE")
_CARDINALITIES: Final = ("ONE_PER_EXECUTION", "ONE_PER_FEATURE", "ONE_PER_INPUT_FILE")
_KINDS: Final = tuple(itertools.product(_SCOPES, _CARDINALITIES))
#: Executions of one order of each kind.
_ALL: Final = len(_CARDINALITIES) * (1 + _FEATURES)

#: Never ends by itself, and has a child; says which processes these are.
_ENDLESS: Final = """#!/bin/sh
sleep 600 &
echo "$$ $!" >"$EFFECTS.pids-$(basename input/*)"
wait
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A platform of two web servers, two managers and three fleets, and a scene that it may read."""

    platform: Platform
    folder: Path
    #: Feature → its files.
    features: Mapping[str, Sequence[Path]]
    managers: Sequence[ManagedProcess]
    fleets: Sequence[ManagedProcess]
    addresses: Sequence[str]
    #: Between the broker and everybody.
    wire: Wire

    def effects(self, kind: tuple[str, str]) -> list[list[str]]:
        """Return, for each run of the program of a process, its fleet and its features."""
        return [line.split() for line in _effects(self.folder, kind).read_text().splitlines()]


@pytest.fixture(scope="module")
def place(blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("scene")
    variables = {
        "EXECUTION_TIMEOUT_FLOOR_SECONDS": "30",
        "HEARTBEAT_EXPIRY_SECONDS": "8",
        "OUTBOX_GRACE_SECONDS": "2",
        "REGARDS_FILE_ROOTS": str(folder),
    }
    with (
        wire_to(blueprint.servers.broker_url or "") as wire,
        blueprint.opened(name="orders", variables=variables, broker_url=wire.url) as platform,
    ):
        write_program(folder)
        with platform.side_by_side():
            managers = [platform.start_manager() for _ in range(2)]
            platform.start_jobs()
            platform.start_beat()
            fleets = [platform.start_fleet(["run-process"], pool="threads", concurrency=2) for _ in range(3)]
            addresses = [platform.start_web()[1] for _ in range(2)]
        yield Place(
            platform=platform,
            folder=folder,
            features=cut_out(folder, _FEATURES),
            managers=managers,
            fleets=fleets,
            addresses=addresses,
            wire=wire,
        )


@pytest.fixture(scope="module")
def service(place: Place) -> Iterator[OrderService]:
    issued = ("issue_token", "--tenant", "default", "--user", "order", "--role", "PROJECT_ADMIN")
    token = place.platform.manage(*issued).strip()
    with OrderService(place.platform.stack.broker_url or "", place.addresses, token) as connected:
        yield connected


@pytest.fixture(scope="module")
def processes(place: Place, service: OrderService) -> dict[tuple[str, str], str]:
    """Give a process of each kind."""
    return {kind: _configure(service, place.folder, kind) for kind in _KINDS}


@pytest.fixture(scope="module")
def orders(
    place: Place, service: OrderService, processes: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], Suborder]:
    """Give an order of each kind; all results have come."""
    given = {kind: service.order(process_id, place.features) for kind, process_id in processes.items()}
    service.await_results(list(given.values()), count=_ALL)
    return given


def _configure(service: OrderService, folder: Path, kind: tuple[str, str], program: str = "cut.sh") -> str:
    """Make a process, as an administrator does; return its id."""
    scope, cardinality = kind
    values = {
        "shellScript": str(folder / program),
        "envVariables": f"EFFECTS={_effects(folder, kind)}&CARDINALITY={cardinality}",
        "durationForecast": "10s",
        "sizeForecast": "*0.1",
        "scope": scope,
        "cardinality": cardinality,
    }
    parameters = [{"name": name, "type": "STRING", "value": value} for name, value in values.items()]
    label = f"Cut {scope} {cardinality}"
    plugin = {"pluginId": "SimpleShellProcessPlugin", "label": label, "parameters": parameters}
    rights = {"role": "EXPLOIT", "datasets": [], "isLinkedToAllDatasets": True}
    made = service.call("POST", "processplugins/config", {"pluginConfiguration": plugin, "rights": rights})
    return str(made["content"]["pluginConfiguration"]["businessId"])


def _effects(folder: Path, kind: tuple[str, str]) -> Path:
    return folder / f"effects-{'-'.join(kind)}"


def _contents(suborder: Suborder) -> dict[str, bytes]:
    """Return what each file of an order must hold, computed here from the files that were ordered."""
    batch, features = f"file:/{suborder.correlation_id}", suborder.features
    whole = {
        feature: b"".join(path.read_bytes() for path in sorted(paths)) for feature, paths in features.items()
    }
    tails = {
        f"{batch}/{feature}/{path.name}": path.read_bytes()[-TAIL:]
        for feature, paths in features.items()
        for path in paths
    }
    match suborder.scope, suborder.cardinality:
        case "SUBORDER", "ONE_PER_EXECUTION":
            return {batch: b"".join(whole[feature] for feature in sorted(features))}
        case _, "ONE_PER_INPUT_FILE":
            return tails
        case _:
            return {f"{batch}/{feature}": content for feature, content in whole.items()}


def _check(suborder: Suborder) -> None:
    """See that an order has each of its executions once, and every file of it is what it should be."""
    assert suborder.errors == []
    asked = [result["executionCorrelationId"] for result in suborder.results.values()]
    assert sorted(asked) == sorted(suborder.executions)
    assert {result["batchId"] for result in suborder.results.values()} == {suborder.batch_id}
    contents = {url: file.read() for url, file in suborder.placeholders.items() if file}
    assert contents == _contents(suborder)
    for url, content in contents.items():
        assert _announced(suborder.placeholders[url]) == (hashlib.sha256(content).hexdigest(), len(content))


def _check_all(place: Place, suborders: Sequence[Suborder]) -> None:
    """See that orders are what they should be, and that nothing else was stored of them."""
    stored = executions(place.platform.stack)
    for suborder in suborders:
        _check(suborder)
        assert stored[suborder.batch_id] == ["SUCCESS"] * len(suborder.executions)


def _announced(file: Fetched | None) -> tuple[str, int] | None:
    return (file.sha256, file.size) if file else None


@pytest.mark.parametrize("kind", _KINDS, ids="-".join)
def test_it_completes_every_kind_of_order(
    kind: tuple[str, str], orders: Mapping[tuple[str, str], Suborder]
) -> None:
    _check(orders[kind])
    assert orders[kind].heard == len(orders[kind].executions)


def test_it_does_everything_once_and_shares_it_among_the_fleets(
    place: Place, orders: Mapping[tuple[str, str], Suborder]
) -> None:
    stored = executions(place.platform.stack)
    for kind, suborder in orders.items():
        assert stored[suborder.batch_id] == ["SUCCESS"] * len(suborder.executions)
        ran = [feature for _, *features in place.effects(kind) for feature in features]
        assert sorted(ran) == sorted(place.features)
        assert len(place.effects(kind)) == len(suborder.executions)
    runs = itertools.chain.from_iterable(place.effects(kind) for kind in orders)
    assert {int(fleet) for fleet, *_ in runs} == {fleet.pid for fleet in place.fleets}
    assert all("executions ordered" in manager.output() for manager in place.managers)


def test_it_deletes_what_the_order_service_has_downloaded(
    place: Place, service: OrderService, orders: Mapping[tuple[str, str], Suborder]
) -> None:
    suborder = service.order(orders["SUBORDER", "ONE_PER_FEATURE"].process_id, place.features)
    service.await_results([suborder], count=1)
    service.announce_downloads(suborder.files)
    _await_gone(place.platform, [Path(file.url.removeprefix("file:")) for file in suborder.files])
    _check(orders["SUBORDER", "ONE_PER_FEATURE"])


def test_it_completes_every_order_while_processes_die(
    place: Place, service: OrderService, processes: Mapping[tuple[str, str], str]
) -> None:
    given = [service.order(process_id, place.features) for process_id in processes.values()]
    service.await_results(given, count=_ALL // 6)
    place.fleets[0].kill()
    place.fleets[0].launch()
    service.await_results(given, count=_ALL // 3)
    place.managers[0].kill()
    place.managers[0].launch()
    service.await_results(given, count=_ALL // 2)
    place.wire.cut()
    service.await_results(given, count=_ALL, timeout=100)
    _check_all(place, given)


@pytest.mark.restarts_servers
def test_it_completes_every_order_over_a_restart_of_rabbitmq(
    place: Place, service: OrderService, processes: Mapping[tuple[str, str], str]
) -> None:
    given = [service.order(process_id, place.features) for process_id in processes.values()]
    service.await_results(given, count=_ALL // 6)
    place.platform.stack.restart_broker()
    service.await_results(given, count=_ALL, timeout=120)
    _check_all(place, given)


def test_it_tells_why_an_execution_failed(place: Place, service: OrderService) -> None:
    process_id = _configure(service, place.folder, ("FEATURE", "ONE_PER_FEATURE"), program="nothing.sh")
    (feature,) = itertools.islice(place.features, 1)
    suborder = service.order(process_id, {feature: place.features[feature]})
    service.await_results([suborder], count=1)
    assert [result["finalStatus"] for result in suborder.results.values()] == ["FAILURE"]
    assert "nothing.sh is no program that this fleet can run" in suborder.errors[0]
    page = service.call("POST", "monitoring/executions?tenant=default&sort=created,desc", {})
    steps: list[dict[str, Any]] = page["content"][0]["content"]["steps"]
    assert [step["status"] for step in steps] == ["REGISTERED", "PREPARE", "RUNNING", "FAILURE"]


def test_it_ends_the_programs_of_a_cancelled_batch_and_their_children(
    place: Place, service: OrderService
) -> None:
    program = place.folder / "endless.sh"
    program.write_text(_ENDLESS)
    program.chmod(0o755)
    process_id = _configure(service, place.folder, ("FEATURE", "ONE_PER_FEATURE"), program=program.name)
    suborder = service.order(process_id, dict(itertools.islice(place.features.items(), 2)))
    running = _processes(place.folder, count=4)
    answer = service.call("POST", f"monitoring/batches/{suborder.batch_id}/cancel")
    service.await_results([suborder], count=2)
    assert answer == {"cancelled": 2}
    assert {result["finalStatus"] for result in suborder.results.values()} == {"CANCELLED"}
    _await(lambda: not any(process.exists() for process in running))


def _processes(folder: Path, *, count: int) -> list[Path]:
    """Wait for the endless programs to say which processes they are; return their folders in ``/proc``."""

    def told() -> list[str]:
        return [pid for file in folder.glob("*.pids-*") for pid in file.read_text().split()]

    _await(lambda: len(told()) == count)
    return [Path("/proc", pid) for pid in told()]


def _await(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert holds()


def _await_gone(platform: Platform, files: Sequence[Path]) -> None:
    """Have the platform clean up until these files are gone."""
    script = (
        "from regards_processing.processing.services.outputs import delete_downloaded; delete_downloaded()"
    )
    deadline = time.monotonic() + 20
    while any(file.exists() for file in files) and time.monotonic() < deadline:
        platform.manage("shell", "-c", script)
    assert [file for file in files if file.exists()] == []
