"""How a fleet that is told to stop parts from its work: nothing is lost, nothing counts as failed."""

import os
import signal
import time

import psutil
import pytest

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from tests.integration.workers.manager import Manager, a_request
from workers.contract import names
from workers.contract.work_answer import AnswerStatus
from workers.sdk import retirement

_THREAD = ["threads", "--concurrency", "1"]
_CHILD = ["prefork", "--concurrency", "1"]
_POOLS = pytest.mark.parametrize("pool", [["solo"], _THREAD, _CHILD], ids=lambda pool: pool[0])


#: Starts Celery in a process group of its own, as honcho does.
_IN_A_GROUP = ("-c", "import os, sys, celery.__main__ as celery; os.setpgid(0, 0); sys.exit(celery.main())")


def _dispatch(manager: Manager, worker_type: str, *contents: bytes) -> list[str]:
    found = [f"{worker_type}-{number}" for number in range(len(contents))]
    for number, (name, content) in enumerate(zip(found, contents, strict=True)):
        manager.dispatch_task(worker_type, a_request(name, content=content, dispatch_id=f"{number}:1:1"))
    return found


@pytest.mark.rabbitmq
@pytest.mark.parametrize("pool", [_THREAD, _CHILD], ids=lambda pool: pool[0])
def test_it_gives_back_at_once_what_it_has_not_begun(rabbitmq: Broker, pool: list[str]) -> None:
    variables = {"WORKER_PREFETCH": "5", "WORKER_ID": "first"}
    with Manager(broker=rabbitmq) as manager:
        with Fleet(broker=rabbitmq, types=["Sleep"], pool=pool, **variables) as fleet:
            running, *others = _dispatch(manager, "Sleep", b"5", b"0", b"0", b"0")
            wait_for(lambda: manager.answers(running))
            wait_for(lambda: manager.waiting(names.task_queue("Sleep")) == 0)
            fleet.process.send_signal(signal.SIGTERM)
            wait_for(lambda: manager.waiting(names.task_queue("Sleep")) == 3)
            with Fleet(broker=rabbitmq, types=["Sleep"], WORKER_ID="second"):
                answers = [manager.final_answer(name) for name in [running, *others]]
            assert fleet.process.wait(timeout=20) == 0
        assert manager.waiting(names.task_queue("Sleep")) == 0
    assert [answer.status for answer in answers] == [AnswerStatus.SUCCESS] * 4
    assert [answer.worker_id for answer in answers] == ["first", "second", "second", "second"]


@pytest.mark.rabbitmq
def test_it_gives_back_what_has_arrived_while_it_was_busy(rabbitmq: Broker) -> None:
    with Manager(broker=rabbitmq) as manager:
        with Fleet(broker=rabbitmq, types=["Sleep"], WORKER_PREFETCH="5") as fleet:
            running, *others = _dispatch(manager, "Sleep", b"2", b"2", b"2")
            wait_for(lambda: manager.answers(running))
            assert fleet.stop() == 0
            assert manager.final_answer(running).status is AnswerStatus.SUCCESS
        with Fleet(broker=rabbitmq, types=["Sleep"], pool=["threads", "--concurrency", "4"]):
            statuses = {manager.final_answer(name).status for name in others}
    assert statuses == {AnswerStatus.SUCCESS}


def test_it_stops_at_once_when_its_whole_group_is_told_to(broker: Broker) -> None:
    pool = ["prefork", "--concurrency", "4"]
    with Fleet(broker=broker, types=["Sleep"], pool=pool, launcher=_IN_A_GROUP) as fleet:
        os.killpg(fleet.process.pid, signal.SIGTERM)
        assert fleet.process.wait(timeout=20) == 0


@_POOLS
def test_it_asks_for_a_new_attempt_of_work_that_outlasts_its_grace(broker: Broker, pool: list[str]) -> None:
    name = f"outlasts-{pool[0]}"
    with (
        Manager(broker=broker) as manager,
        Fleet(broker=broker, types=["Sleep"], pool=pool, WORKER_GRACE_SECONDS="1") as fleet,
    ):
        manager.dispatch_task("Sleep", a_request(name, content=b"60"))
        wait_for(lambda: manager.answers(name))
        children = psutil.Process(fleet.process.pid).children(recursive=True)
        asked_at = time.monotonic()
        assert fleet.stop() == 1
        assert time.monotonic() - asked_at < 10
        answer = manager.final_answer(name)
    assert (answer.status, answer.retry_after) == (AnswerStatus.RETRY_LATER, 0)
    assert answer.messages == ("The worker was stopped before the work had ended",)
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]


@pytest.mark.rabbitmq
def test_what_it_has_done_is_answered_although_other_work_outlasts_its_grace(rabbitmq: Broker) -> None:
    pool = ["threads", "--concurrency", "2"]
    with (
        Manager(broker=rabbitmq) as manager,
        Fleet(broker=rabbitmq, types=["Sleep"], pool=pool, WORKER_GRACE_SECONDS="3") as fleet,
    ):
        endless, short = _dispatch(manager, "Sleep", b"60", b"2")
        wait_for(lambda: manager.answers(endless) and manager.answers(short))
        assert fleet.stop() == 1
        assert manager.final_answer(short).status is AnswerStatus.SUCCESS
        assert manager.final_answer(endless).status is AnswerStatus.RETRY_LATER


@pytest.mark.parametrize(
    ("pool", "limit"),
    [(["solo"], {"WORKER_MAX_TASKS": "1"}), (_THREAD, {"WORKER_MAX_MEMORY_BYTES": "1048576"})],
    ids=["tasks of solo", "memory of threads"],
)
def test_it_ends_to_be_replaced_when_it_is_a_single_process(
    broker: Broker, pool: list[str], limit: dict[str, str]
) -> None:
    first, second = (f"{pool[0]}-{next(iter(limit))}-{number}" for number in "12")
    with Manager(broker=broker) as manager:
        with Fleet(broker=broker, types=["who"], pool=pool, **limit) as fleet:
            manager.dispatch_task("who", a_request(first))
            assert fleet.process.wait(timeout=20) == retirement.EXIT_CODE
        with Fleet(broker=broker, types=["who"], pool=pool):
            manager.dispatch_task("who", a_request(second))
            pids = [manager.final_answer(name).content for name in (first, second)]
    assert len(set(pids)) == 2


@pytest.mark.parametrize(
    "limit", [{"WORKER_MAX_TASKS": "1"}, {"WORKER_MAX_MEMORY_BYTES": "1048576"}], ids=["tasks", "memory"]
)
def test_it_replaces_its_children_when_it_has_some(broker: Broker, limit: dict[str, str]) -> None:
    with (
        Manager(broker=broker) as manager,
        Fleet(broker=broker, types=["who"], pool=_CHILD, **limit) as fleet,
    ):
        pids = []
        for number in "123":
            name = f"child-{next(iter(limit))}-{number}"
            manager.dispatch_task("who", a_request(name))
            pids.append(manager.final_answer(name).content)
        assert fleet.process.poll() is None
    assert len(set(pids)) == 3
