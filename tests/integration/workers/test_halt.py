"""A fleet that no longer gets on does not look alive, and says why."""

import pytest

from tests.integration.workers.fleet import Broker, wait_for
from tests.integration.workers.manager import Manager, a_request
from tests.integration.workers.probed import probed

_THREAD = ["threads", "--concurrency", "1"]
_TWO = ["threads", "--concurrency", "2"]


@pytest.mark.parametrize("pool", [["solo"], _THREAD], ids=lambda pool: pool[0])
def test_its_heartbeats_stop_when_all_work_takes_longer_than_declared(
    broker: Broker, pool: list[str]
) -> None:
    fleet, prober = probed(broker, "brief", pool=pool)
    request = a_request(f"stuck-{pool[0]}", content=b"6", dispatch_id="31:1:1")
    with Manager(broker=broker) as manager, fleet:
        prober.await_status("/readyz", 200)
        manager.dispatch_task("brief", request)
        told = prober.await_status("/livez", 503)
        assert told["reason"].startswith("All work takes longer than declared: 31:1:1 (brief, ")
        measures = prober.await_measures(
            lambda now: now.value("regards_worker_last_heartbeat_seconds") > 1.5, timeout=5
        )
        assert measures.value("regards_worker_tasks_overdue", type="brief") == 1
        checks = {one["name"]: one for one in prober.await_status("/readyz", 503)["checks"]}
        assert checks["progress"]["status"] == "failed"
        # It may end all the same.
        manager.final_answer(request.request_id)
        prober.await_status("/readyz", 200)
        assert prober.json("/livez")[0] == 200
    assert "heartbeats stop: All work takes longer than declared" in fleet.log.read_text()


def test_it_warns_while_some_work_gets_on(broker: Broker) -> None:
    fleet, prober = probed(broker, "brief", pool=_TWO)
    with Manager(broker=broker) as manager, fleet:
        manager.dispatch_task("brief", a_request("late", content=b"4", dispatch_id="32:1:1"))

        def warned() -> bool:
            checks = {one["name"]: one for one in prober.json("/readyz")[1]["checks"]}
            return "32:1:1 (brief" in checks["progress"]["reason"]

        wait_for(warned)
        assert prober.json("/livez")[0] == 200
        assert prober.await_status("/readyz", 200)["checks"][2]["status"] == "warned"


def test_each_request_is_stuck_by_its_own_length(broker: Broker) -> None:
    fleet, prober = probed(broker, "vary", pool=_THREAD)
    with Manager(broker=broker) as manager, fleet:
        for number, longest in ((33, "60"), (34, "0.5")):
            request = a_request(
                f"stuck-{longest}", content=b"4", dispatch_id=f"{number}:1:1", headers={"longest": longest}
            )
            manager.dispatch_task("vary", request)
        told = prober.await_status("/livez", 503)
        manager.final_answer("stuck-60")
    assert told["reason"].startswith("All work takes longer than declared: 34:1:1 (vary, ")


@pytest.mark.rabbitmq
def test_its_heartbeats_stop_when_its_loop_does_not_turn(rabbitmq: Broker) -> None:
    fleet, prober = probed(rabbitmq, "stall", pool=_THREAD, WORKER_STALL_SECONDS="1")
    with Manager(broker=rabbitmq) as manager, fleet:
        prober.await_status("/readyz", 200)
        manager.dispatch_task("stall", a_request("stalled", content=b"6"))
        assert "The event loop has not turned for" in prober.await_status("/livez", 503)["reason"]
        prober.await_measures(lambda now: now.value("regards_worker_last_heartbeat_seconds") > 1.5, timeout=5)
        prober.await_status("/livez", 200)


@pytest.mark.rabbitmq
def test_it_waits_while_another_process_has_its_name(rabbitmq: Broker) -> None:
    first, prober_of_first = probed(rabbitmq, "who", WORKER_ID="twin")
    with first:
        prober_of_first.await_status("/readyz", 200)
        second, prober_of_second = probed(rabbitmq, "who", WORKER_ID="twin")
        wait_for(lambda: "another process has the same WORKER_ID, twin" in second.log.read_text())
        checks = {one["name"]: one for one in prober_of_second.await_status("/readyz", 503)["checks"]}
        assert checks["identity"]["reason"] == "Another process has the same WORKER_ID"
        assert prober_of_first.json("/readyz")[0] == 200
    with second:
        prober_of_second.await_status("/readyz", 200)
