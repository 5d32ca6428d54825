"""What a fleet answers to probes, and what it writes to its log."""

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from tests.integration.workers.manager import Manager, a_request
from tests.integration.workers.probed import probed
from tests.stack.probing import Measures, Prober

#: Nobody listens on port 1.
_NOWHERE = "amqp://guest:guest@127.0.0.1:1//"


def _outcomes(found: Measures) -> dict[str, float]:
    return {
        dict(labels)["outcome"]: value
        for (name, labels), value in found.values.items()
        if name == "regards_worker_tasks_total"
    }


@pytest.mark.parametrize(
    "pool", [["solo"], ["threads", "--concurrency", "2"], ["prefork", "--concurrency", "2"]]
)
def test_it_counts_its_work_by_type_and_outcome(broker: Broker, pool: list[str]) -> None:
    fleet, prober = probed(broker, "echo", "refuse", "fail", "later", pool=pool)
    with Manager(broker=broker) as manager, fleet:
        for number, worker_type in enumerate(["echo", "echo", "refuse", "fail", "later"]):
            name = f"{pool[0]}-{number}"
            manager.dispatch_task(worker_type, a_request(name, dispatch_id=f"{number}:1:1"))
            manager.final_answer(name)
        found = prober.measures()
    assert _outcomes(found) == {"SUCCESS": 2, "INVALID_CONTENT": 1, "ERROR": 1, "RETRY_LATER": 1}
    assert found.value("regards_worker_tasks_total", type="echo", outcome="SUCCESS") == 2
    assert found.value("regards_worker_task_seconds_count", type="echo") == 2
    assert 0 < found.value("regards_worker_task_seconds_sum", type="echo") < 10


def test_it_shows_what_it_works_on_now(broker: Broker) -> None:
    fleet, prober = probed(broker, "Sleep", "echo", pool=["threads", "--concurrency", "2"])
    with Manager(broker=broker) as manager, fleet:
        manager.dispatch_task("Sleep", a_request("long", content=b"3"))
        wait_for(lambda: manager.answers("long"))
        found = prober.measures()
        assert found.value("regards_worker_tasks_in_progress", type="Sleep") == 1
        assert found.value("regards_worker_tasks_in_progress", type="echo") == 0
        manager.final_answer("long")
        prober.await_measures(lambda now: now.value("regards_worker_tasks_in_progress") == 0)


def test_it_tells_connection_heartbeat_and_memory(broker: Broker) -> None:
    fleet, prober = probed(broker, "echo", pool=["prefork", "--concurrency", "1"])
    with fleet:
        prober.await_status("/readyz", 200)
        found = prober.measures()
    assert found.value("regards_worker_broker_connected") == 1
    assert 0 <= found.value("regards_worker_last_heartbeat_seconds") < 2
    assert found.value("regards_process_memory_bytes", process="main") > 10_000_000
    assert found.value("regards_process_memory_bytes", process="children") > 10_000_000


@pytest.mark.rabbitmq
def test_it_counts_work_whose_process_died_and_logs_it(rabbitmq: Broker) -> None:
    fleet, prober = probed(rabbitmq, "die", pool=["prefork", "--concurrency", "1"], LOG_FORMAT="json")
    with Manager(broker=rabbitmq) as manager, fleet:
        manager.dispatch_task("die", a_request("dead"))
        prober.await_measures(lambda now: _outcomes(now).get("LOST") == 1)
    lines = [json.loads(line) for line in fleet.log.read_text().splitlines()]
    assert any("exited with 'exitcode 9'" in line["message"] for line in lines)


def test_it_is_ready_while_it_is_busy(broker: Broker) -> None:
    fleet, prober = probed(broker, "Sleep")
    with Manager(broker=broker) as manager, fleet:
        manager.dispatch_task("Sleep", a_request("solo", content=b"2"))
        wait_for(lambda: manager.answers("solo"))
        content = prober.await_status("/readyz", 200)
        assert content["checks"][1]["reason"] == "Heartbeats go out"
        assert prober.json("/actuator/health")[1]["status"] == "UP"


@pytest.mark.embedded
def test_it_is_alive_but_not_ready_without_a_broker(tmp_path: Path) -> None:
    fleet, prober = probed(Broker(url=_NOWHERE, var=tmp_path), "echo")
    try:
        assert prober.await_status("/livez", 200) == {"alive": True}
        content = prober.await_status("/readyz", 503)
        statuses = {check["name"]: check["status"] for check in content["checks"]}
        assert (statuses["broker"], statuses["heartbeat"]) == ("failed", "failed")
        assert prober.json("/actuator/health")[1]["status"] == "DOWN"
        assert prober.measures().value("regards_worker_broker_connected") == 0
    finally:
        fleet.stop(signal.SIGKILL)


@pytest.mark.embedded
def test_it_shows_its_measures_to_whoever_has_the_token(tmp_path: Path) -> None:
    fleet, prober = probed(Broker(url=None, var=tmp_path), "echo", METRICS_TOKEN="secret")
    with fleet:
        assert Prober(address=prober.address).get("/metrics")[0] == 401
        assert Prober(address=prober.address).get("/livez")[0] == 200
        assert prober.measures().has("regards_worker_broker_connected")


@pytest.mark.embedded
def test_it_answers_nothing_else(tmp_path: Path) -> None:
    fleet, prober = probed(Broker(url=None, var=tmp_path), "echo")
    with fleet:
        assert prober.get("/")[0] == 404


@pytest.mark.embedded
def test_it_refuses_to_start_when_somebody_has_its_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        fleet = Fleet(
            broker=Broker(url=None, var=tmp_path),
            types=["echo"],
            WORKER_METRICS_PORT=port,
            METRICS_HOST="127.0.0.1",
        )
        assert fleet.process.wait(timeout=20) != 0
    assert (
        f"Probes cannot be answered on 127.0.0.1 port {port}: Address already in use" in fleet.log.read_text()
    )


@pytest.mark.parametrize("pool", [["solo"], ["prefork", "--concurrency", "1"]])
def test_it_writes_one_json_object_a_line(broker: Broker, pool: list[str]) -> None:
    fleet = Fleet(broker=broker, types=["fail", "Sleep"], pool=pool, LOG_FORMAT="json")
    with Manager(broker=broker) as manager, fleet:
        manager.dispatch_task("fail", a_request(f"json-{pool[0]}"))
        manager.final_answer(f"json-{pool[0]}")
    lines = [json.loads(line) for line in fleet.log.read_text().splitlines()]
    (failure,) = [line for line in lines if line.get("action") == "work.failed"]
    assert (failure["tenant"], failure["request_id"]) == ("default", f"json-{pool[0]}")
    assert (failure["worker_type"], failure["level"]) == ("fail", "ERROR")
    assert "ZeroDivisionError" in failure["exception"]
    assert any("Warm shutdown" in line["message"] for line in lines)
