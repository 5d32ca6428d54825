"""What operators see: probes, measures and logs of the real processes while requests go through."""

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from tests.acceptance.blueprint import Blueprint
from tests.acceptance.conftest import await_alive, connect_client
from tests.stack.platform import Platform, free_port
from tests.stack.probing import Measures, Prober
from tests.stack.process import ROOT, ManagedProcess, NotReady

_TOKEN = "scrape-me"
_TYPES = ("accept-stamp-a", "accept-stamp-b", "accept-stamp-c", "accept-raise")
_INFO = "/api/v1/rs-worker-manager/actuator/info"


@dataclass(frozen=True, slots=True)
class Observed:
    """A running platform, and who answers for each of its processes."""

    platform: Platform
    web: Prober
    manager: Prober
    jobs: Prober
    fleet: Prober

    def process(self, name: str) -> ManagedProcess:
        return next(process for process in self.platform.processes if process.name.startswith(name))


def _start(platform: Platform, name: str, command: list[str], *, ready: str, port: str = "") -> Prober:
    number = free_port()
    arguments = [part.replace("PORT", str(number)) for part in command]
    platform.start(name, arguments, ready=ready, variables={port: str(number)} if port else {})
    return Prober(address=f"http://127.0.0.1:{number}", token=_TOKEN)


def _start_web(platform: Platform, name: str = "web") -> Prober:
    command = ["-m", "gunicorn", "regards_processing.wsgi", "-w", "3", "-b", "127.0.0.1:PORT"]
    return _start(platform, name, [*command, "--no-control-socket"], ready=r"Booting worker")


@pytest.fixture(scope="module")
def observed(blueprint: Blueprint) -> Iterator[Observed]:
    """Give a platform of all kinds of processes, each with a port for probes."""
    variables = {"LOG_FORMAT": "json", "METRICS_TOKEN": _TOKEN, "METRICS_CACHE_SECONDS": "1"} | {
        "SWEEP_SILENCE_SECONDS": "4",
        "METRICS_HOST": "127.0.0.1",
        "METRICS_TIMEOUT_SECONDS": "2",
    }
    celery = ["-m", "celery", "-q", "-A"]
    with blueprint.opened(name="observed", variables=variables) as platform:
        with platform.side_by_side():
            web = _start_web(platform)
            manager = _start(
                platform, "manager", ["manage.py", "consume"], ready="consuming", port="METRICS_PORT"
            )
            jobs = [*celery, "regards_processing", "worker", "-c", "2"]
            jobs_prober = _start(platform, "jobs", jobs, ready=r" ready\.", port="METRICS_PORT")
            fleet = [*celery, "workers", "worker", "--types", ",".join(_TYPES), "-c", "2"]
            fleet_prober = _start(platform, "fleet", fleet, ready=r" ready\.", port="WORKER_METRICS_PORT")
            platform.start("beat", [*celery, "regards_processing", "beat"], ready="")
        yield Observed(platform, web, manager, jobs_prober, fleet_prober)


@pytest.fixture(scope="module")
def worked(observed: Observed) -> Observed:
    """Give the platform after three requests succeeded and one failed."""
    client = connect_client(observed.platform.stack)
    await_alive(client, {"three-steps": b"{}"})
    client.submit("seen-1", "three-steps", b"{}")
    client.submit("seen-2", "three-steps", b"{}")
    client.submit("seen-3", "raise")
    client.await_all(["seen-1", "seen-2", "seen-3"])
    client.close()
    return observed


def test_it_has_every_process_ready(worked: Observed) -> None:
    for prober in (worked.web, worked.manager, worked.jobs, worked.fleet):
        assert prober.await_status("/readyz", 200)["ready"]
        assert prober.json("/livez") == (200, {"alive": True})
        assert prober.json("/actuator/health")[1]["status"] == "UP"


def test_it_tells_on_the_web_what_is_on_its_way(worked: Observed) -> None:
    failed = {"tenant": "default", "status": "ERROR", "type": "accept-raise"}
    sweep = "worker_manager.tasks.redispatch_waiting_requests"

    # Requests that need no sweep may be through before the first one has run.
    def is_told(now: Measures) -> bool:
        has_run = now.has("regards_sweep_age_seconds", task=sweep)
        return has_run and now.value("regards_requests", **failed) == 1

    found = worked.web.await_measures(is_told)
    assert found.value("regards_requests", status="SUCCESS") == 0
    assert found.value("regards_worker_instances", type="accept-stamp-a") == 1
    assert 0 <= found.value("regards_worker_heartbeat_age_seconds", type="accept-stamp-a") < 10
    assert found.value("regards_queue_messages", queue="regards.worker.manager.response.DLQ") == 0
    assert found.has("regards_queue_messages", queue="regards.worker.accept-raise.task")
    assert found.value("regards_outbox_age_seconds") < 10
    assert found.value("regards_sweep_age_seconds", task=sweep) < 10


def test_it_counts_at_the_manager_what_went_through(worked: Observed) -> None:
    # Clients hear of the end of their requests before the manager has counted the last bulk.
    def is_counted(now: Measures) -> bool:
        ended = now.value("regards_requests_finished_total")
        return ended >= 4 and now.value("regards_answers_total", outcome="applied") >= 10

    found = worked.manager.await_measures(is_counted)
    assert found.value("regards_requests_received_total", tenant="default", outcome="stored") == 4
    assert found.value("regards_requests_finished_total", tenant="default", status="SUCCESS") == 3
    assert found.value("regards_requests_finished_total", status="ERROR", type="accept-raise") == 1
    assert found.value("regards_requests_dispatched_total", type="accept-stamp-b") == 3
    assert found.value("regards_answers_total", status="SUCCESS", outcome="applied") == 9
    assert found.value("regards_request_seconds_count", type="accept-stamp-c") == 3
    # A message may hold the answers to several dispatches.
    assert found.value("regards_bulk_seconds_count", queue="regards.worker.manager.answer") >= 1


def test_it_counts_at_the_fleet_what_was_worked_on(worked: Observed) -> None:
    found = worked.fleet.measures()
    assert found.value("regards_worker_tasks_total", type="accept-stamp-a", outcome="SUCCESS") == 3
    assert found.value("regards_worker_tasks_total", type="accept-raise", outcome="ERROR") == 1
    assert found.value("regards_worker_task_seconds_sum", type="accept-stamp-a") > 0.1


def test_it_adds_up_what_all_children_of_the_jobs_worker_did(worked: Observed) -> None:
    sweep = {"task": "regards_processing.kernel.tasks.relay_outbox", "outcome": "done"}
    before = worked.jobs.measures().value("regards_task_seconds_count", **sweep)
    worked.jobs.await_measures(lambda now: now.value("regards_task_seconds_count", **sweep) > before + 1)


def _answered(observed: Observed) -> float:
    template = {"uri": _INFO, "method": "GET", "status": "200"}
    found = {
        observed.web.measures().value("http_server_requests_seconds_count", **template) for _ in range(9)
    }
    (one,) = found
    return one


def test_it_adds_up_what_all_workers_of_the_web_answered_whoever_dies(observed: Observed) -> None:
    for _ in range(12):
        observed.web.get(_INFO)
    assert _answered(observed) == 12
    victim = psutil.Process(observed.process("web").pid).children()[0]
    victim.kill()
    victim.wait(10)
    for _ in range(12):
        observed.web.get(_INFO)
    assert _answered(observed) == 24


def test_it_documents_every_measure(worked: Observed) -> None:
    text = (ROOT / "docs" / "reference" / "observability.md").read_text("utf-8")
    documented = set(re.findall(r"`([a-z_]+)`", text))
    probers = (worked.web, worked.manager, worked.jobs, worked.fleet)
    given = {name for prober in probers for name, _ in prober.measures().values}
    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in given if "_job_" not in name}
    undocumented = {name for name in ours - documented if not name.startswith(("process_", "python_"))}
    assert not undocumented


def test_it_shows_measures_to_nobody_without_the_token(observed: Observed) -> None:
    for prober in (observed.web, observed.manager, observed.jobs, observed.fleet):
        assert Prober(address=prober.address).get("/metrics")[0] == 401


def test_it_is_not_ready_while_the_sweeps_do_not_run(worked: Observed) -> None:
    beat = worked.process("beat")
    worked.web.await_status("/readyz", 200)
    beat.kill()
    content = worked.web.await_status("/readyz", 503)
    failed = [check for check in content["checks"] if check["status"] == "failed"]
    assert [check["name"] for check in failed] == ["sweeps"]
    assert "Are beat and jobs running?" in failed[0]["reason"]
    beat.start()
    worked.web.await_status("/readyz", 200)


@pytest.fixture
def silent() -> Iterator[int]:
    """Give a port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_it_is_not_ready_in_time_when_the_broker_is_away(observed: Observed, silent: int, kind: str) -> None:
    port = {"closed": 1, "silent": silent}[kind]
    secrets = {name: os.environ[name] for name in ("SECRET_KEY", "REGARDS_JWT_SECRET")}
    number = free_port()
    web = observed.platform.start(
        "lonely",
        ["-m", "gunicorn", "regards_processing.wsgi", "-b", f"127.0.0.1:{number}", "--no-control-socket"],
        ready=r"Booting worker",
        variables={"BROKER_URL": f"amqp://guest:guest@127.0.0.1:{port}//"} | secrets,
    )
    prober = Prober(address=f"http://127.0.0.1:{number}", token=_TOKEN)
    prober.await_status("/livez", 200)
    started = time.monotonic()
    status, content = prober.json("/readyz")
    assert time.monotonic() - started < 4
    checks = {check["name"]: check["status"] for check in content["checks"]}
    assert (status, checks["broker"], checks["database"]) == (503, "failed", "passed")
    assert prober.measures().value("regards_measure_failures_total", measure="queues") == 1
    web.terminate()


@pytest.mark.parametrize(
    "command",
    [["manage.py", "consume"], ["-m", "celery", "-A", "regards_processing", "worker", "-P", "solo"]],
    ids=["manager", "jobs"],
)
def test_it_refuses_to_start_on_a_port_that_is_taken(observed: Observed, command: list[str]) -> None:
    port = observed.manager.address.rpartition(":")[2]
    with pytest.raises(
        NotReady, match=f"Probes cannot be answered on 127.0.0.1 port {port}: Address already"
    ):
        observed.platform.start("refused", command, ready="never said", variables={"METRICS_PORT": port})


def _lines(process: ManagedProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in process.log.read_text("utf-8").splitlines()]


def test_it_logs_who_called_for_which_tenant_under_which_correlation_id(observed: Observed) -> None:
    path = "/api/v1/rs-worker-manager/requests?scope=default&token="
    observed.web.get(path, **{"correlation-id": "follow-me", "Authorization": ""})
    (line,) = [line for line in _lines(observed.process("web")) if line.get("correlationId") == "follow-me"]
    assert (line["tenant"], line["username"], line["level"]) == ("default", "public", "INFO")


def test_it_logs_the_request_that_failed_at_the_fleet(worked: Observed) -> None:
    (line,) = [one for one in _lines(worked.process("fleet")) if one.get("action") == "work.failed"]
    assert (line["tenant"], line["request_id"], line["worker_type"]) == ("default", "seen-3", "accept-raise")
    assert "the sky is not blue" in line["exception"]


@pytest.mark.parametrize("name", ["web", "manager", "jobs", "beat", "fleet"])
def test_it_writes_one_json_object_a_line_from_start_to_end(worked: Observed, name: str) -> None:
    process = worked.process(name)
    assert process.terminate() == 0
    for line in _lines(process):
        assert {"time", "level", "logger", "message", "process"} <= set(line)
