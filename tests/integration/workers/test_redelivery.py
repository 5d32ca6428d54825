"""What happens to a request whose worker is gone, on RabbitMQ."""

import signal
import time
from dataclasses import replace
from datetime import datetime

import psutil
import pytest

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from tests.integration.workers.manager import Manager, a_request
from tests.stack.wire import wire_to
from workers.contract import names
from workers.contract.work_answer import AnswerStatus

pytestmark = pytest.mark.rabbitmq


@pytest.mark.parametrize("form", ["dispatch_raw", "dispatch_task"])
def test_it_does_not_run_a_redelivered_dispatch(rabbitmq: Broker, form: str) -> None:
    queue = {"dispatch_raw": names.request_queue, "dispatch_task": names.task_queue}[form]("die")
    with Manager(broker=rabbitmq) as manager:
        manager.declare_type("die")
        getattr(manager, form)("die", a_request("again", dispatch_id="7:2:1"))
        manager.deliver_once_without_answer(queue)
        with Fleet(broker=rabbitmq, types=["die"]):
            answer = manager.final_answer("again")
    assert answer.status is AnswerStatus.REDELIVERED
    assert answer.dispatch_id == "7:2:1"


def test_it_runs_a_redelivered_request_of_a_sender_that_does_not_fence(rabbitmq: Broker) -> None:
    with Manager(broker=rabbitmq) as manager:
        manager.declare_type("echo")
        manager.dispatch_raw("echo", a_request("again", content=b"x", dispatch_id=None))
        manager.deliver_once_without_answer(names.request_queue("echo"))
        with Fleet(broker=rabbitmq, types=["echo"]):
            answer = manager.final_answer("again")
    assert answer.status is AnswerStatus.SUCCESS


@pytest.mark.parametrize("pool", [["solo"], ["prefork", "--concurrency", "2"]])
def test_it_reports_the_request_of_a_killed_worker(rabbitmq: Broker, pool: list[str]) -> None:
    with Manager(broker=rabbitmq) as manager:
        with Fleet(broker=rabbitmq, types=["Sleep"], pool=pool) as killed:
            manager.dispatch_task("Sleep", a_request("lost", content=b"60", dispatch_id="8:1:1"))
            wait_for(lambda: manager.answers("lost"))
            children = psutil.Process(killed.process.pid).children(recursive=True)
            killed.stop(signal.SIGKILL)
        with Fleet(broker=rabbitmq, types=["Sleep"]):
            answer = manager.final_answer("lost")
    assert answer.status is AnswerStatus.REDELIVERED
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]


def test_it_reports_the_request_that_killed_its_pool_process(rabbitmq: Broker) -> None:
    with (
        Manager(broker=rabbitmq) as manager,
        Fleet(broker=rabbitmq, types=["die", "echo"], pool=["prefork", "--concurrency", "1"]),
    ):
        manager.dispatch_task("die", a_request("killer", dispatch_id="9:1:1"))
        answer = manager.final_answer("killer")
        manager.dispatch_task("echo", a_request("next", dispatch_id="10:1:1"))
        following = manager.final_answer("next")
    assert answer.status is AnswerStatus.REDELIVERED
    assert following.status is AnswerStatus.SUCCESS


def test_it_answers_after_it_has_lost_its_connection(rabbitmq: Broker) -> None:
    pool = ["threads", "--concurrency", "2"]
    with Manager(broker=rabbitmq) as manager, wire_to(rabbitmq.url or "") as wire:
        with Fleet(broker=replace(rabbitmq, url=wire.url), types=["Sleep"], pool=pool):
            manager.dispatch_task("Sleep", a_request("cut", content=b"3", dispatch_id="11:1:1"))
            wait_for(lambda: manager.answers("cut"))
            wire.cut()
            answer = manager.final_answer("cut")
            manager.dispatch_task("Sleep", a_request("after", content=b"0", dispatch_id="12:1:1"))
            following = manager.final_answer("after")
        every_final = [one.status for one in manager.answers("cut") if one.status != AnswerStatus.RUNNING]
        assert manager.waiting(names.task_queue("Sleep")) == 0
    assert answer.status is AnswerStatus.SUCCESS
    assert following.status is AnswerStatus.SUCCESS
    assert every_final == [AnswerStatus.SUCCESS]


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_what_waits_for_its_turn_is_run_after_it_has_lost_its_connection(rabbitmq: Broker, pool: str) -> None:
    names_of = [f"waits-{number}" for number in range(4)]
    with Manager(broker=rabbitmq) as manager, wire_to(rabbitmq.url or "") as wire:
        broker, one = replace(rabbitmq, url=wire.url), [pool, "--concurrency", "1"]
        with Fleet(broker=broker, types=["Sleep"], pool=one, WORKER_PREFETCH="5"):
            for number, name in enumerate(names_of):
                content = b"0" if number else b"2"
                request = a_request(name, content=content, dispatch_id=f"{20 + number}:1:1")
                manager.dispatch_task("Sleep", request)
            wait_for(lambda: manager.answers(names_of[0]))
            wait_for(lambda: manager.waiting(names.task_queue("Sleep")) == 0)
            wire.cut()
            statuses = [manager.final_answer(name).status for name in names_of]
        assert manager.waiting(names.task_queue("Sleep")) == 0
    assert statuses == [AnswerStatus.SUCCESS] * 4


def test_a_child_is_heard_whose_answer_had_come_in_part_when_the_connection_was_lost(
    rabbitmq: Broker,
) -> None:
    pool = ["prefork", "--concurrency", "1"]
    with (
        Manager(broker=rabbitmq) as manager,
        wire_to(rabbitmq.url or "") as wire,
        Fleet(broker=replace(rabbitmq, url=wire.url), types=["Unpack"], pool=pool) as fleet,
    ):
        manager.dispatch_task("Unpack", a_request("large", content=b"9000000", dispatch_id="30:1:1"))
        wait_for(lambda: manager.answers("large"))
        # While it stands still its child fills the pipe between them.
        fleet.process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        wire.cut()
        fleet.process.send_signal(signal.SIGCONT)
        answer = manager.final_answer("large")
        manager.dispatch_task("Unpack", a_request("small", content=b"1", dispatch_id="31:1:1"))
        following = manager.final_answer("small")
    assert (answer.status, len(answer.content or b"")) == (AnswerStatus.SUCCESS, 9_000_000)
    assert following.status is AnswerStatus.SUCCESS


def test_it_beats_again_after_it_has_lost_its_connection(rabbitmq: Broker) -> None:
    with (
        Manager(broker=rabbitmq) as manager,
        wire_to(rabbitmq.url or "") as wire,
        Fleet(broker=replace(rabbitmq, url=wire.url), types=["echo"]),
    ):
        manager.heartbeat()
        wire.cut()
        # Those before the cut were on their way.
        assert len([manager.heartbeat() for _ in range(6)]) == 6


def test_the_next_attempt_goes_on_where_its_killed_process_was(rabbitmq: Broker) -> None:
    with (
        Manager(broker=rabbitmq) as manager,
        Fleet(broker=rabbitmq, types=["resume"], pool=["prefork", "--concurrency", "1"]),
    ):
        manager.dispatch_task("resume", a_request("halves", dispatch_id="11:1:1"))
        assert manager.final_answer("halves").status is AnswerStatus.REDELIVERED
        manager.dispatch_task("resume", a_request("halves", dispatch_id="11:1:2"))
        wait_for(lambda: len([one for one in manager.answers("halves") if one.content]) == 1)
        answer = manager.answers("halves")[-1]
    assert answer.content == b'[{"done":"first half"},"11:1:2"]'


def test_it_dead_letters_a_request_whose_headers_cannot_be_read_and_goes_on(rabbitmq: Broker) -> None:
    with Manager(broker=rabbitmq) as manager, Fleet(broker=rabbitmq, types=["echo"]):
        manager.dispatch_raw("echo", a_request("old", content=b"kept"), day=_Past(1969, 12, 31))
        letter = manager.dead_letter()
        manager.dispatch_raw("echo", a_request("next"))
        assert manager.final_answer("next").status is AnswerStatus.SUCCESS
    assert bytes(letter.body) == b"kept"


class _Past(datetime):
    """A date that Java writes, and our driver can neither write nor read."""

    def utctimetuple(self) -> time.struct_time:
        # As an unsigned number, which is how the bits of a negative one look.
        return time.struct_time((1970, 1, 1, 0, 0, 2**64 - 86_400, 0, 1, 0))
