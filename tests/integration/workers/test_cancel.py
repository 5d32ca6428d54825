"""Work that nobody awaits any more is not begun, or stops early; no answer is sent."""

import pytest

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from tests.integration.workers.manager import Manager, a_request
from workers.contract import names
from workers.contract.work_answer import AnswerStatus

_SOLO = ["solo"]
_PREFORK = ["prefork", "--concurrency", "1"]


def _wait_for_the_next(manager: Manager, worker_type: str, name: str) -> None:
    """Wait until the one unit of concurrency has done another request."""
    manager.dispatch_task(worker_type, a_request(name, content=b"0"))
    assert manager.final_answer(name).status is AnswerStatus.SUCCESS


@pytest.mark.parametrize("pool", [_SOLO, _PREFORK])
def test_it_stops_running_work_that_asks_its_context(broker: Broker, pool: list[str]) -> None:
    request = a_request(f"stopped-{pool[0]}")
    stopped = broker.var / "storage" / request.request_id

    def is_stopped() -> bool:
        manager.cancel(request.dispatch_id)
        return stopped.exists()

    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["loop", "echo"], pool=pool):
        manager.dispatch_task("loop", request)
        wait_for(lambda: manager.answers(request.request_id))
        wait_for(is_stopped)
        _wait_for_the_next(manager, "echo", f"after-{request.request_id}")
        answers = manager.answers(request.request_id)
    assert {answer.status for answer in answers} == {AnswerStatus.RUNNING}


def test_it_does_not_begin_what_was_cancelled_in_the_queue(broker: Broker) -> None:
    busy = a_request("busy", content=b"1.5")
    raw, task = (a_request(f"queued-{number}", content=b"0", dispatch_id=f"77:{number}:1") for number in "12")
    with Manager(broker=broker) as manager, Fleet(broker=broker, types=["Sleep"]) as fleet:
        manager.dispatch_task("Sleep", busy)
        wait_for(lambda: manager.answers(busy.request_id))
        manager.dispatch_raw("Sleep", raw)
        manager.dispatch_task("Sleep", task)

        def is_free() -> bool:
            # One that makes no sense keeps nobody from hearing the next one.
            manager.publish_cancellation(b'{"dispatchIds": "77:1:1"}')
            manager.cancel(raw.dispatch_id, task.dispatch_id)
            return AnswerStatus.SUCCESS in {one.status for one in manager.answers(busy.request_id)}

        wait_for(is_free)
        _wait_for_the_next(manager, "Sleep", "after-queued")
        assert manager.answers(raw.request_id) + manager.answers(task.request_id) == []
        assert "cancellation not understood" in fleet.log.read_text()
    # They were acknowledged: nothing is left to be delivered again.
    with Manager(broker=broker) as manager:
        manager.declare_type("Sleep")
        assert manager.waiting(names.task_queue("Sleep")) + manager.waiting(names.request_queue("Sleep")) == 0


def test_it_ends_the_child_that_does_not_stop(broker: Broker) -> None:
    request = a_request("stubborn", content=b"60")
    with (
        Manager(broker=broker) as manager,
        Fleet(broker=broker, types=["Sleep"], pool=_PREFORK, WORKER_CANCEL_GRACE_SECONDS="0.2") as fleet,
    ):
        manager.dispatch_task("Sleep", request)
        wait_for(lambda: manager.answers("stubborn"))

        def is_ended() -> bool:
            manager.cancel(request.dispatch_id)
            return "stopped by force" in fleet.log.read_text()

        wait_for(is_ended)
        _wait_for_the_next(manager, "Sleep", "after-stubborn")
        answers = manager.answers("stubborn")
    assert {answer.status for answer in answers} == {AnswerStatus.RUNNING}
