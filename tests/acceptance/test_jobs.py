"""Orders of operators: given over REST, carried out by the jobs worker, taken up again when it is killed."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.acceptance.blueprint import Blueprint
from tests.acceptance.conftest import await_alive, connect_client
from tests.acceptance.participant import Client
from tests.acceptance.tables import finished, job_results, jobs, requests_left
from tests.acceptance.worker_types import effect_file
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess

Call = Callable[[str, str, object], tuple[int, bytes]]

#: One request a page makes long jobs of few requests.
_VARIABLES = {
    "SWEEP_SECONDS": "2",
    "SWEEP_PAGE": "1",
    "JOB_SLICE_SECONDS": "30",
    "JOB_SILENCE_SECONDS": "3",
    "JOB_START_TIMEOUT_SECONDS": "3",
    "WORKER_CANCEL_GRACE_SECONDS": "0.5",
}


@pytest.fixture(scope="module")
def platform(blueprint: Blueprint) -> Iterator[Platform]:
    with blueprint.opened(name="jobs", variables=_VARIABLES) as opened:
        with opened.side_by_side():
            opened.start_manager()
            opened.start_jobs()
            opened.start_beat()
            opened.start_fleet(["accept-echo", "accept-late", "accept-mend"], pool="threads", concurrency=4)
        client = connect_client(opened.stack)
        await_alive(client, {"echo": b"{}"})
        client.close()
        yield opened


@pytest.fixture
def client(platform: Platform) -> Iterator[Client]:
    connected = connect_client(platform.stack)
    yield connected
    connected.close()


@pytest.fixture(scope="module")
def call(platform: Platform) -> Call:
    """Give a function that calls the worker manager's endpoints of requests as an administrator."""
    _, address = platform.start_web()
    token = platform.manage("issue_token", "--tenant", "default", "--user", "ada", "--role", "ADMIN").strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call_one(verb: str, path: str, body: object) -> tuple[int, bytes]:
        url = f"{address}/api/v1/rs-worker-manager/requests/{path}"
        request = urllib.request.Request(  # noqa: S310 (our own server)
            url, data=json.dumps(body).encode(), headers=headers, method=verb
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 (likewise)
            return answer.status, answer.read()

    return call_one


def _fail(client: Client, session: str, *, count: int, content_type: str = "e") -> list[str]:
    """Submit requests that fail at their first attempt; return their ids once they have."""
    names = [f"{session}-{number}" for number in range(count)]
    for name in names:
        client.submit(name, content_type, session=session)
    client.await_all(names, timeout=60)
    return names


def _await(condition: Callable[[], Any], *, timeout: float = 90.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_it_brings_failed_requests_to_success(client: Client, call: Call) -> None:
    names = _fail(client, "retried", count=3)
    wanted = {"session": "retried", "statuses": {"values": ["ERROR"], "mode": "INCLUDE"}}
    assert call("POST", "retry/preview", wanted) == (200, b'{"count":3}')
    assert call("POST", "retry", wanted) == (200, b"")
    for name in names:
        client.await_states(name, "GRANTED", "ERROR", "GRANTED", "SUCCESS")


def test_it_starts_a_workflow_again_at_the_step_that_failed(client: Client, call: Call) -> None:
    (name,) = _fail(client, "stepped", count=1, content_type="mended-at-step-two")
    call("POST", "retry", {"session": "stepped"})
    heard = client.await_states(name, "GRANTED", "GRANTED", "ERROR", "GRANTED", "SUCCESS")
    assert [step for step, _ in json.loads(heard[-1].content)["trail"]] == ["late", "mend"]


def test_it_deletes_failed_requests(client: Client, call: Call, platform: Platform) -> None:
    names = _fail(client, "deleted", count=2)
    assert call("DELETE", "delete", {"session": "deleted"}) == (200, b"")
    _await(lambda: not {row[0] for row in requests_left(platform.stack)} & set(names))
    assert [finished(platform.stack)[name] for name in names] == [["TO_DELETE"]] * 2
    assert [client.states(name) for name in names] == [["GRANTED", "ERROR"]] * 2


def test_it_stops_what_runs_too_long_or_is_cancelled(client: Client, call: Call, platform: Platform) -> None:
    fleet = platform.start_fleet(["accept-stuck"], pool="prefork", concurrency=1)
    client.submit("stuck", "stuck", b'{"seconds":60}')
    error = client.await_final("stuck", timeout=60)
    assert error.message.endswith(
        "Cause : Given up after 2 attempts without an answer: the worker gave no sign within 1 s."
    )
    # The request may be there before the fleet's first heartbeat.
    states = [state for state in client.states("stuck") if state != "DELAYED"]
    assert states == ["GRANTED", "GRANTED", "ERROR"]
    assert len(effect_file(platform.stack.var / "storage", "stuck").read_text().splitlines()) == 2
    # The one child is stopped by force: nothing else could end what it sleeps over.
    client.submit("stopped", "stuck", b'{"seconds":60}')
    running = effect_file(platform.stack.var / "storage", "stopped")
    _await(running.exists)
    assert call("POST", "stopped/cancel", None)[0] == 200
    client.await_states("stopped", "GRANTED", "ERROR")
    client.submit("free", "stuck")
    client.await_states("free", "GRANTED", "SUCCESS")
    assert finished(platform.stack)["stopped"] == ["CANCELED"]
    fleet.kill()


def test_it_goes_on_where_a_killed_jobs_worker_was(client: Client, call: Call, platform: Platform) -> None:
    names = _fail(client, "killed", count=200)
    call("POST", "retry", {"session": "killed"})
    _await(lambda: _last_retry(platform)[1] >= 2)
    worker = _jobs_worker(platform)
    worker.kill()
    state, done, total, attempt = _last_retry(platform)
    assert (state, total, attempt) == ("RUNNING", 200, 1)
    assert done < 200
    worker.start()
    _await(lambda: _last_retry(platform)[0] == "SUCCEEDED")
    assert _last_retry(platform)[1:] == (200, 200, 2)
    # What was about to leave when the worker was killed may leave twice: GRANTED, but no end.
    _await(lambda: _ends(client, names) == {("ERROR", "SUCCESS")})
    _await(lambda: set(job_results(platform.stack)) == {"SUCCESS"})


def _ends(client: Client, names: list[str]) -> set[tuple[str, ...]]:
    """Return the final states that the requests went through."""
    client.listen()
    return {tuple(response.state for response in client.finals(name)) for name in names}


def _last_retry(platform: Platform) -> tuple[Any, ...]:
    return jobs(platform.stack, "requests.retry")[-1]


def _jobs_worker(platform: Platform) -> ManagedProcess:
    return next(process for process in platform.processes if process.name.startswith("jobs"))
