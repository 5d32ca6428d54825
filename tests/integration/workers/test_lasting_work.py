"""What work holds and leaves behind: instances of classes, full folders, checkpoints of killed processes."""

import json
import signal
from pathlib import Path

import psutil
import pytest

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from tests.integration.workers.manager import Manager, a_request
from workers.contract.work_answer import AnswerStatus

_MODULE = "tests.integration.workers.lasting_types"
_POOLS = [["solo"], ["threads", "--concurrency", "2"], ["prefork", "--concurrency", "2"]]


def _names(text: str, number: int) -> list[str]:
    return [f"{text}-{position}" for position in range(number)]


@pytest.mark.parametrize("pool", _POOLS, ids=lambda pool: pool[0])
def test_a_class_is_set_up_once_in_each_process_and_torn_down_when_it_ends(
    broker: Broker, pool: list[str], tmp_path: Path
) -> None:
    requests = _names(f"hold-{pool[0]}", 6)
    with (
        Manager(broker=broker) as manager,
        Fleet(
            broker=broker,
            types=["hold"],
            pool=pool,
            WORKER_MODULES=_MODULE,
            REGARDS_SHARED_STORAGE=str(tmp_path),
        ) as fleet,
    ):
        for number, name in enumerate(requests):
            manager.dispatch_task("hold", a_request(name, dispatch_id=f"{number}:1:1"))
        by = [int(manager.final_answer(name).content or b"0") for name in requests]
        assert fleet.stop() == 0
    notes = {int(file.name): file.read_text().splitlines() for file in (tmp_path / "notes").iterdir()}
    assert set(notes) == set(by)
    for process, lines in notes.items():
        assert lines == ["set up", *["run"] * by.count(process), "torn down"]


@pytest.mark.parametrize("pool", _POOLS, ids=lambda pool: pool[0])
def test_work_whose_folder_holds_too_much_ends_in_error(broker: Broker, pool: list[str]) -> None:
    name = f"fill-{pool[0]}"
    with (
        Manager(broker=broker) as manager,
        Fleet(
            broker=broker,
            types=["fill"],
            pool=pool,
            WORKER_MODULES=_MODULE,
            WORKER_WORKDIR_QUOTA_BYTES="1000000",
        ),
    ):
        manager.dispatch_task("fill", a_request(name, content=b"2000000", dispatch_id="1:1:1"))
        manager.dispatch_task("fill", a_request(f"{name}-less", content=b"20", dispatch_id="2:1:1"))
        answer, less = manager.final_answer(name), manager.final_answer(f"{name}-less")
    assert answer.status is AnswerStatus.ERROR
    assert answer.messages[0].startswith("WorkFolderFull: The work folder holds 2")
    assert less.content == b"there was room"
    work = broker.var / "work"
    assert list(work.iterdir()) == []


def _await_step_20(manager: Manager, name: str) -> None:
    wait_for(lambda: any("step 20" in text for one in manager.answers(name) for text in one.messages))


def _second_attempt(manager: Manager, name: str) -> object:
    """Dispatch another attempt; return what it tells."""
    manager.dispatch_task("climb", a_request(name, dispatch_id="21:1:2"))
    wait_for(lambda: [one for one in manager.answers(name) if one.content])
    answer = manager.answers(name)[-1]
    assert answer.dispatch_id == "21:1:2"
    return json.loads(answer.content or b"")


def test_the_next_attempt_goes_on_where_a_killed_child_was(broker: Broker) -> None:
    pool = ["prefork", "--concurrency", "1"]
    with (
        Manager(broker=broker) as manager,
        Fleet(broker=broker, types=["climb"], pool=pool, WORKER_MODULES=_MODULE) as fleet,
    ):
        manager.dispatch_task("climb", a_request("climb-child", dispatch_id="21:1:1"))
        _await_step_20(manager, "climb-child")
        (child,) = psutil.Process(fleet.process.pid).children()
        child.send_signal(signal.SIGKILL)
        # It is not run again blindly, on either broker.
        assert manager.final_answer("climb-child").status is AnswerStatus.REDELIVERED
        assert _second_attempt(manager, "climb-child") == {"began at": 20}


def test_the_next_attempt_goes_on_where_a_killed_fleet_was(broker: Broker) -> None:
    with Manager(broker=broker) as manager:
        with Fleet(broker=broker, types=["climb"], WORKER_MODULES=_MODULE) as fleet:
            manager.dispatch_task("climb", a_request("climb-fleet", dispatch_id="21:1:1"))
            _await_step_20(manager, "climb-fleet")
            fleet.stop(signal.SIGKILL)
        with Fleet(broker=broker, types=["climb"], WORKER_MODULES=_MODULE):
            assert _second_attempt(manager, "climb-fleet") == {"began at": 20}
