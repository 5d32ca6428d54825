"""Long work is acknowledged when it begins, and comes back all the same when its process dies."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from tests.integration.workers.manager import Manager, a_request
from tests.stack.environment import Servers
from tests.stack.vhosts import own_vhost
from tests.stack.wire import wire_to
from tests.unit.workers.builtin.run_process.orders import a_program, an_order
from workers.contract import names
from workers.contract.content_folder import ContentFolder
from workers.contract.work_answer import AnswerStatus
from workers.contract.work_request import WorkRequest

pytestmark = pytest.mark.rabbitmq

_CHILD = ["prefork", "--concurrency", "1"]
_TWO = ["threads", "--concurrency", "2"]
#: Seconds that the broker leaves a worker its message, in tests of that; it looks once a second.
_PATIENCE = 4


#: Lengths of requests of the type that has none of its own.
_LONG, _SHORT = "3600", "60"


def _dispatch(manager: Manager, worker_type: str, *contents: bytes, longest: str = _LONG) -> list[str]:
    found = [f"{worker_type}-{longest}-{number}" for number in range(len(contents))]
    for number, (name, content) in enumerate(zip(found, contents, strict=True)):
        identity = f"{number}{longest}:1:1"
        request = a_request(name, content=content, dispatch_id=identity, headers={"longest": longest})
        manager.dispatch_task(worker_type, request)
    return found


@pytest.mark.parametrize("pool", [["solo"], _TWO, _CHILD], ids=lambda pool: pool[0])
@pytest.mark.parametrize(
    ("worker_type", "longest", "left"),
    [("hold", _LONG, 0), ("Sleep", _LONG, 1), ("vary", _LONG, 0), ("vary", _SHORT, 1)],
)
def test_the_broker_keeps_it_until_it_begins(
    rabbitmq: Broker, pool: list[str], worker_type: str, longest: str, left: int
) -> None:
    with Manager(broker=rabbitmq) as manager:
        with Fleet(broker=rabbitmq, types=[worker_type], pool=pool) as killed:
            (name,) = _dispatch(manager, worker_type, b"60", longest=longest)
            wait_for(lambda: manager.answers(name))
            # Acknowledgements leave when the loop turns.
            time.sleep(0.5)
            killed.stop(signal.SIGKILL)
        time.sleep(1)
        assert manager.waiting(names.task_queue(worker_type)) == left


@pytest.mark.parametrize(
    ("pool", "running"), [(["solo"], 1), (_TWO, 2), (_CHILD, 1)], ids=["solo", "threads", "prefork"]
)
def test_it_holds_none_that_it_does_not_run(rabbitmq: Broker, pool: list[str], running: int) -> None:
    with Manager(broker=rabbitmq) as manager, Fleet(broker=rabbitmq, types=["hold"], pool=pool):
        found = _dispatch(manager, "hold", *[b"2"] * 4)
        wait_for(lambda: len([name for name in found if manager.answers(name)]) == running)
        time.sleep(1)
        assert manager.waiting(names.task_queue("hold")) == 4 - running
        statuses = {manager.final_answer(name).status for name in found}
    assert statuses == {AnswerStatus.SUCCESS}


def test_short_and_long_work_of_one_type_share_a_process(rabbitmq: Broker) -> None:
    with Manager(broker=rabbitmq) as manager, Fleet(broker=rabbitmq, types=["vary"], pool=_TWO):
        (lasting,) = _dispatch(manager, "vary", b"4")
        wait_for(lambda: manager.answers(lasting))
        brief = _dispatch(manager, "vary", *[b"0.1"] * 5, longest=_SHORT)
        statuses = {manager.final_answer(name).status for name in brief}
        # The other unit has done them one after the other.
        assert [one.status for one in manager.answers(lasting) if one.content] == []
        assert manager.final_answer(lasting).status is AnswerStatus.SUCCESS
    assert statuses == {AnswerStatus.SUCCESS}


@pytest.mark.parametrize("longest", [_LONG, _SHORT])
def test_what_has_not_begun_is_left_to_others_when_its_process_stops(rabbitmq: Broker, longest: str) -> None:
    with Manager(broker=rabbitmq) as manager:
        with Fleet(broker=rabbitmq, types=["vary"], pool=_CHILD) as fleet:
            (running, *waiting) = _dispatch(manager, "vary", b"3", b"0", b"0", longest=longest)
            wait_for(lambda: any("half way" in "".join(one.messages) for one in manager.answers(running)))
            assert fleet.stop() == 0
        assert manager.final_answer(running).status is AnswerStatus.SUCCESS
        assert manager.waiting(names.task_queue("vary")) == len(waiting)


def test_what_was_announced_is_answered_although_its_process_stops_at_once(rabbitmq: Broker) -> None:
    with Manager(broker=rabbitmq) as manager:
        with Fleet(broker=rabbitmq, types=["hold"], pool=_CHILD) as fleet:
            (announced, *waiting) = _dispatch(manager, "hold", b"1", b"0", b"0")
            wait_for(lambda: manager.answers(announced))
            assert fleet.stop() == 0
        # The broker may not have confirmed the announcement: then the work had not begun.
        assert manager.final_answer(announced).status in {AnswerStatus.SUCCESS, AnswerStatus.RETRY_LATER}
        assert manager.waiting(names.task_queue("hold")) == len(waiting)


@pytest.mark.parametrize(
    ("worker_type", "longest"), [("vanish", _LONG), ("vary-vanish", _LONG), ("vary-vanish", _SHORT)]
)
def test_it_says_so_when_a_child_process_was_lost_with_it(
    rabbitmq: Broker, worker_type: str, longest: str
) -> None:
    types = [worker_type, "hold"]
    with Manager(broker=rabbitmq) as manager, Fleet(broker=rabbitmq, types=types, pool=_CHILD):
        (name,) = _dispatch(manager, worker_type, b"", longest=longest)
        assert manager.final_answer(name).status is AnswerStatus.REDELIVERED
        (following,) = _dispatch(manager, "hold", b"0")
        assert manager.final_answer(following).status is AnswerStatus.SUCCESS


@pytest.mark.parametrize("worker_type", ["hold", "vary"])
def test_it_is_held_to_the_end_for_a_manager_that_does_not_watch(rabbitmq: Broker, worker_type: str) -> None:
    request = a_request("unwatched", content=b"60", dispatch_id=None, headers={"longest": _LONG})
    with Manager(broker=rabbitmq) as manager:
        with Fleet(broker=rabbitmq, types=[worker_type]) as killed:
            manager.dispatch_raw(worker_type, request)
            wait_for(lambda: manager.answers("unwatched"))
            killed.stop(signal.SIGKILL)
        wait_for(lambda: manager.waiting(names.request_queue(worker_type)) == 1)


@pytest.mark.parametrize("stored", [False, True], ids=["sent", "stored"])
def test_an_execution_is_as_long_as_its_order_says(rabbitmq: Broker, tmp_path: Path, stored: bool) -> None:  # noqa: FBT001
    program = a_program(tmp_path, "echo begun", "exec sleep 60")
    with Manager(broker=rabbitmq) as manager:
        with Fleet(broker=rabbitmq, types=["run-process"], pool=_TWO) as killed:
            for name, limit in (("brief", 100), ("lasting", 3600)):
                content = json.dumps(an_order(program, timeLimit=limit)).encode()
                manager.dispatch_task("run-process", _request(rabbitmq, name, content, stored=stored))
            wait_for(lambda: all(manager.answers(name) for name in ("brief", "lasting")))
            time.sleep(0.5)
            killed.stop(signal.SIGKILL)
        wait_for(lambda: manager.waiting(names.task_queue("run-process")) == 1)


def _request(broker: Broker, name: str, content: bytes, *, stored: bool) -> WorkRequest:
    """Return a request that is sent with its content, or refers to it."""
    request = a_request(name, content=content)
    folder = ContentFolder.of_dispatch(
        str(request.dispatch_id), storage=broker.var / "storage", tenant=request.tenant
    )
    refers = {True: replace(request, content=b"", stored=folder.keep(content, attempt=1)), False: request}
    return refers[stored]


def test_heartbeats_tell_for_how_long_it_holds_messages(rabbitmq: Broker) -> None:
    types = ["hold", "Sleep", "vary", "brief"]
    with Manager(broker=rabbitmq) as manager, Fleet(broker=rabbitmq, types=types):
        beats = [json.loads(manager.heartbeat().body) for _ in types]
    assert {beat["type"]: beat.get("holdSeconds") for beat in beats} == {
        "hold": 0,
        "Sleep": None,
        "vary": 600,
        "brief": 0.5,
    }


@pytest.mark.parametrize("pool", [_TWO, ["prefork", "--concurrency", "2"]], ids=lambda pool: pool[0])
def test_it_ends_once_although_the_connection_was_lost(rabbitmq: Broker, pool: list[str]) -> None:
    with Manager(broker=rabbitmq) as manager, wire_to(rabbitmq.url or "") as wire:
        with Fleet(broker=replace(rabbitmq, url=wire.url), types=["hold"], pool=pool):
            found = _dispatch(manager, "hold", b"4", b"4", b"0", b"0")
            wait_for(lambda: all(manager.answers(name) for name in found[:2]))
            wire.cut()
            for name in found:
                manager.final_answer(name)
        ends = [_ends(manager, name) for name in found]
        assert manager.waiting(names.task_queue("hold")) == 0
    assert ends[:2] == [[AnswerStatus.SUCCESS]] * 2
    # What was on its way to the fleet when the connection was lost, another one may have had.
    assert [len(each) for each in ends[2:]] == [1, 1]
    assert {status for each in ends[2:] for status in each} <= {
        AnswerStatus.SUCCESS,
        AnswerStatus.REDELIVERED,
    }


def _ends(manager: Manager, name: str) -> list[AnswerStatus]:
    said = [answer.status for answer in manager.answers(name)]
    return [status for status in said if status is not AnswerStatus.RUNNING]


@pytest.fixture
def _impatient() -> Iterator[None]:
    """Have the broker take back soon what a worker holds; only for connections of this test."""
    _evaluate(f"application:set_env(rabbit, consumer_timeout, {1000 * _PATIENCE})")
    _evaluate("application:set_env(rabbit, channel_tick_interval, 1000)")
    yield
    _evaluate("application:set_env(rabbit, consumer_timeout, 1800000)")
    _evaluate("application:set_env(rabbit, channel_tick_interval, 60000)")


def _evaluate(expression: str) -> None:
    command = shlex.split(os.environ["REGARDS_RABBITMQCTL"])
    subprocess.run([*command, "--silent", "eval", f"{expression}."], check=True, timeout=60)


@pytest.mark.restarts_servers
@pytest.mark.usefixtures("_impatient")
def test_it_outlasts_the_patience_of_the_broker(servers: Servers, tmp_path: Path) -> None:
    expected = {
        ("hold", _LONG): AnswerStatus.SUCCESS,
        ("Sleep", _LONG): AnswerStatus.REDELIVERED,
        ("vary", _LONG): AnswerStatus.SUCCESS,
        ("vary", _SHORT): AnswerStatus.REDELIVERED,
    }
    # All at once, each with a broker of its own: they wait for the same patience to end.
    with ExitStack() as stack:
        awaited = {}
        for worker_type, longest in expected:
            url = stack.enter_context(own_vhost(servers.broker_url))
            broker = Broker(url=url, var=tmp_path / f"{worker_type}-{longest}")
            manager = stack.enter_context(Manager(broker=broker))
            for _ in range(2):
                stack.enter_context(Fleet(broker=broker, types=[worker_type], pool=_TWO))
            content = str(3 * _PATIENCE).encode()
            (name,) = _dispatch(manager, worker_type, content, longest=longest)
            awaited[worker_type, longest] = manager, name
        found = {case: manager.final_answer(name).status for case, (manager, name) in awaited.items()}
    assert found == expected
