"""How a worker starts, stays alive, and stops."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from tests.integration.workers.manager import Manager, a_request
from workers.contract import names
from workers.contract.work_answer import AnswerStatus
from workers.sdk.held_folders import RUNS, STAGING, HeldFolder


@pytest.mark.parametrize(
    "pool", [["solo"], ["threads", "--concurrency", "2"], ["prefork", "--concurrency", "2"]]
)
def test_it_finishes_the_work_in_hand_before_it_stops(broker: Broker, pool: list[str]) -> None:
    name = f"in-hand-{pool[0]}"
    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["Sleep"], pool=pool) as fleet:
        manager.dispatch_task("Sleep", a_request(name, content=b"1.5"))
        wait_for(lambda: manager.answers(name))
        assert fleet.stop() == 0
        assert manager.final_answer(name).status is AnswerStatus.SUCCESS


@pytest.mark.parametrize("pool", [["solo"], ["threads", "--concurrency", "2"]])
def test_it_stops_at_once_when_it_has_nothing_to_do(broker: Broker, pool: list[str]) -> None:
    with Fleet(broker=broker, types=["echo"], pool=pool) as fleet:
        asked_at = time.monotonic()
        assert fleet.stop(signal.SIGTERM) == 0
    assert time.monotonic() - asked_at < 8


def test_it_removes_what_a_killed_process_has_left_when_it_starts(broker: Broker) -> None:
    staging = broker.var / "storage" / "demo" / STAGING
    work = broker.var / "work"
    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["Sleep"]) as killed:
        manager.dispatch_task("Sleep", a_request("killed", content=b"60"))
        wait_for(lambda: manager.answers("killed"))
        assert len(list(work.glob("run-*/trace"))) == 1
        killed.stop(signal.SIGKILL)
    (staging / "left").mkdir(parents=True)
    (staging / "left.lock").touch()
    with HeldFolder(work, prefix=RUNS) as living, Fleet(broker=broker, types=["echo"]):
        assert [path for path in work.glob("run-*") if path.is_dir()] == [living.path]
        assert list(staging.iterdir()) == []


@pytest.mark.parametrize("pool", [["solo"], ["prefork", "--concurrency", "1"]])
def test_it_tells_how_long_its_work_takes(broker: Broker, pool: list[str]) -> None:
    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["Sleep"], pool=pool):
        manager.dispatch_task("Sleep", a_request("told", content=b"0.5"))
        assert manager.final_answer("told").status is AnswerStatus.SUCCESS
        told = wait_for(lambda: json.loads(manager.heartbeat().body).get("runSeconds"))
    assert 0.5 <= told < 5


def test_it_beats_while_a_solo_pool_is_busy(broker: Broker) -> None:
    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["Sleep"]):
        manager.dispatch_task("Sleep", a_request("busy", content=b"2"))
        wait_for(lambda: manager.answers("busy"))
        beats = [json.loads(manager.heartbeat().body)["heartBeatDate"] for _ in range(4)]
        assert not [one for one in manager.answers("busy") if one.status is AnswerStatus.SUCCESS]
    assert len(set(beats)) == 4


def test_it_uses_every_unit_of_concurrency(broker: Broker) -> None:
    names_of_four = [f"parallel-{number}" for number in range(4)]
    with (
        Manager(broker=broker) as manager,
        Fleet(broker=broker, types=["Sleep"], pool=["threads", "--concurrency", "4"]),
    ):
        for number, name in enumerate(names_of_four):
            manager.dispatch_task("Sleep", a_request(name, content=b"4", dispatch_id=f"{number}:5:1"))
        wait_for(lambda: all(manager.answers(name) for name in names_of_four))
        statuses = {one.status for name in names_of_four for one in manager.answers(name)}
    assert statuses == {AnswerStatus.RUNNING}


def test_it_answers_error_when_the_time_limit_has_passed(broker: Broker) -> None:
    pool = ["prefork", "--concurrency", "1", "--time-limit", "1"]
    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["Sleep"], pool=pool):
        manager.dispatch_task("Sleep", a_request("limit", content=b"30"))
        answer = manager.final_answer("limit")
    assert answer.status is AnswerStatus.ERROR
    assert answer.messages[0].startswith("TimeLimitExceeded")


@pytest.mark.rabbitmq
def test_it_declares_its_queues_as_the_contract_says(rabbitmq: Broker) -> None:
    with Fleet(broker=rabbitmq, types=["Sleep"]), rabbitmq.connect() as connection:
        channel: Any = connection.channel()
        dead_letters = {
            "x-dead-letter-exchange": "regards.DLX",
            "x-dead-letter-routing-key": "regards.worker.manager.request.dlq",
        }
        # A declaration with other arguments would be refused.
        for queue, arguments in (
            ("regards.worker.sleep.request", {"x-max-priority": 255} | dead_letters),
            ("regards.worker.sleep.task", dead_letters),
            ("regards.worker.manager.request.dlq", {"x-max-priority": 255}),
        ):
            channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
        for exchange, kind in (
            ("regards.worker.sleep.request", "topic"),
            ("regards.DLX", "topic"),
            ("regards.worker.manager.request.dlq", "fanout"),
            ("regards.worker.manager.response", "topic"),
            ("regards.worker.manager.heartbeat", "topic"),
        ):
            channel.exchange_declare(exchange, kind, durable=True, auto_delete=False)


@pytest.mark.rabbitmq
def test_it_stops_with_a_clear_line_when_a_queue_has_other_arguments(rabbitmq: Broker) -> None:
    with rabbitmq.connect() as connection:
        channel: Any = connection.channel()
        channel.queue_declare(names.request_queue("echo"), durable=True, auto_delete=False)
    fleet = Fleet(broker=rabbitmq, types=["echo"])
    assert fleet.process.wait(timeout=20) == 1
    assert "exists with other arguments than the contract's" in fleet.log.read_text()


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"WORKER_TYPES": "nothing"}, "Unknown worker type 'nothing'; known: "),
        ({"WORKER_TYPES": ""}, "No worker type to run: give --types or WORKER_TYPES; known: "),
        ({"WORKER_MODULES": "no.such"}, "WORKER_MODULES: module 'no.such' cannot be imported"),
        ({"WORKER_PREFETCH": "many"}, "WORKER_PREFETCH='many': a whole number from 0 to 10000 is allowed"),
        (
            {"WORKER_TYPES": "tape", "WORKER_MODULES": "tests.integration.workers.sample_types"},
            "worker: Worker type 'tape' cannot start here: FileNotFoundError: no tape drive",
        ),
        (
            {"WORKER_TYPES": "digest", "REGARDS_WORKDIR": f"/{300 * 'w'}"},
            "celery -A workers worker: the fleet cannot start: OSError: [Errno 36] File name too long",
        ),
        (
            {"WORKER_TYPES": "run-process", "PROCESS_SANDBOX": "maybe"},
            "PROCESS_SANDBOX='maybe': one of off, best-effort, landlock is allowed",
        ),
        (
            {"WORKER_TYPES": "run-process", "PROCESS_MAX_MEMORY": "much"},
            "PROCESS_MAX_MEMORY must be an integer of at least 1, got 'much'",
        ),
    ],
)
def test_it_refuses_to_start_with_a_mistake(tmp_path: Path, variables: dict[str, str], line: str) -> None:
    _assert_refuses_to_start({"WORKER_TYPES": "echo"} | variables, line, var=tmp_path)


@pytest.mark.embedded
def test_it_refuses_to_start_where_the_kernel_cannot_confine_programs(tmp_path: Path) -> None:
    without = [sys.executable, "-m", "tests.fakes.without_landlock"]
    variables = {"WORKER_TYPES": "run-process", "PROCESS_SANDBOX": "landlock"}
    line = "celery -A workers worker: PROCESS_SANDBOX=landlock: this kernel has no Landlock that may be used"
    _assert_refuses_to_start(variables, line, var=tmp_path, launcher=without)


def _assert_refuses_to_start(
    variables: dict[str, str], line: str, *, var: Path, launcher: Sequence[str] = ()
) -> None:
    done = subprocess.run(
        [*launcher, sys.executable, "-m", "celery", "-A", "workers", "worker", "--pool", "solo"],
        env=Broker(url=None, var=var).environment() | variables,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert line in done.stderr


@pytest.mark.embedded
def test_it_loads_neither_the_platform_nor_unasked_worker_types() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "regards_processing.settings"}
    script = (
        "import sys, workers.celery, workers.sdk.consumer, workers.sdk.pulse\n"
        # kombu's JSON encoder imports django.utils.functional wherever Django is installed, no more.
        "bad = {'django.apps', 'django.conf', 'django.db', 'regards_processing', 'worker_manager',"
        " 'workers.builtin', 'rasterio'}\n"
        "print(sorted(bad & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
