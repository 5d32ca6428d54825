"""A fleet of ours that serves the rs-worker-manager of REGARDS, which knows nothing of us."""

import base64
import json
from collections.abc import Iterator

import pytest

from tests.acceptance.original_manager import OriginalManager
from tests.acceptance.worker_types import ALL_BYTES, effect_file
from tests.stack.environment import Servers
from tests.stack.platform import Platform
from tests.stack.process import ManagedProcess
from tests.stack.stack import Stack, open_stack

pytestmark = pytest.mark.rabbitmq

_TYPES = (
    "accept-echo",
    "accept-Nothing",
    "accept-binary",
    "accept-inspect",
    "accept-picky",
    "accept-postpone",
    "accept-raise",
)


@pytest.fixture(scope="module")
def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a virtual host without any process of the platform."""
    variables = {"WORKER_MODULES": "tests.acceptance.worker_types", "WORKER_HEARTBEAT_SECONDS": "1"}
    variables |= {"WORKER_MAX_DELIVERIES": "3"}
    folder = tmp_path_factory.mktemp("original")
    with open_stack(servers=servers, folder=folder, name="original", variables=variables) as opened:
        yield opened


@pytest.fixture(scope="module")
def fleets(stack: Stack) -> Iterator[Platform]:
    with Platform(stack) as started:
        yield started


@pytest.fixture(scope="module")
def manager(stack: Stack, fleets: Platform) -> Iterator[OriginalManager]:
    """Give a manager that was there before its fleet."""
    with OriginalManager(stack.broker_url or "") as playing:
        for worker_type in (*_TYPES, "accept-kill", "accept-slow"):
            playing.declare_type(worker_type)
        fleets.start_fleet(_TYPES, pool="threads", concurrency=2)
        for worker_type in _TYPES:
            playing.await_alive(worker_type)
        yield playing


def test_it_returns_the_content_of_the_worker_type(manager: OriginalManager) -> None:
    body = '{ "città" : "Orléans, 東京" }'.encode()
    manager.dispatch("accept-echo", "java-1", body, content_type="echo")
    answer = manager.await_answer("java-1")
    assert (answer.tenant, answer.status, answer.content) == ("default", "SUCCESS", body)


def test_it_returns_no_content_of_a_type_with_a_capital_letter(manager: OriginalManager) -> None:
    manager.dispatch("accept-Nothing", "java-2", b"{}", content_type="nothing")
    answer = manager.await_answer("java-2")
    assert answer.status == "SUCCESS"
    assert not answer.content


def test_it_plays_two_steps_of_a_workflow(manager: OriginalManager) -> None:
    """The manager passes content and additional headers on, under the workflow's name."""
    manager.dispatch("accept-binary", "java-3", b"{}", content_type="two-steps")
    first = manager.await_answer("java-3")
    assert first.content == ALL_BYTES
    assert first.additional_headers == {"acme.colour": "blue", "acme.count": "3"}
    step = dict(first.additional_headers)
    manager.dispatch("accept-inspect", "java-3b", ALL_BYTES, content_type="two-steps", **step)
    seen = json.loads(manager.await_answer("java-3b").content or b"")
    assert base64.b64decode(seen["content"]) == ALL_BYTES
    assert seen["headers"] == {"acme.colour": "blue", "acme.count": "3"}
    assert (seen["content_type"], seen["owner"], seen["session"]) == ("two-steps", "acme", "2025-06")


def test_it_takes_step_headers_that_celery_uses_for_itself(manager: OriginalManager) -> None:
    step = {"task": "acme", "id": "7", "timelimit": "soon", "eta": "never", "lang": "fr"}
    manager.dispatch("accept-inspect", "java-4", b"{}", content_type="inspect", **step)
    seen = json.loads(manager.await_answer("java-4").content or b"")
    assert seen["headers"] == step


@pytest.mark.parametrize(
    ("worker_type", "status", "message"),
    [
        ("accept-picky", "INVALID_CONTENT", "no geometry in the body"),
        ("accept-raise", "ERROR", "ValueError: the sky is not blue"),
        # An attempt later is not among its answers: an operator may order one.
        ("accept-postpone", "ERROR", "the archive is closed (retry after 0.5 s)"),
    ],
)
def test_it_says_what_went_wrong_in_the_words_of_the_contract(
    manager: OriginalManager, worker_type: str, status: str, message: str
) -> None:
    manager.dispatch(worker_type, f"java-{worker_type}", b'{"n":1}', content_type="any")
    answer = manager.await_answer(f"java-{worker_type}")
    assert (answer.status, answer.messages, answer.content) == (status, [message], None)


def test_it_dead_letters_what_is_no_request(manager: OriginalManager) -> None:
    """By the binding that a worker makes: the manager has none."""
    manager.dispatch("accept-echo", "java-5", b"kept", content_type="echo", **{"regards.tenant": ""})
    letter = manager.await_failed("java-5")
    assert letter.body == b"kept"
    assert letter.headers["x-death"][0]["reason"] == "rejected"


def test_it_runs_the_request_of_a_killed_fleet_again(manager: OriginalManager, fleets: Platform) -> None:
    killed = _fleet(fleets, manager, "accept-slow")
    manager.dispatch("accept-slow", "java-6", b'{"seconds":2}', content_type="slow")
    manager.await_status("java-6", "RUNNING")
    killed.kill()
    rescuing = _fleet(fleets, manager, "accept-slow")
    assert manager.await_answer("java-6").status == "SUCCESS"
    assert rescuing.terminate() == 0


def test_it_gives_up_a_body_that_kills_its_workers(
    manager: OriginalManager, fleets: Platform, stack: Stack
) -> None:
    """Nobody counts attempts but the fleet itself."""
    fleet = fleets.start_fleet(["accept-kill"], pool="prefork", concurrency=1)
    manager.dispatch("accept-kill", "java-7", b'{"poison":true}', content_type="kill", **{"acme.n": "1"})
    letter = manager.await_failed("java-7", timeout=40)
    assert letter.headers["x-exception-stacktrace"] == (
        "Given up after 3 deliveries without an answer: the workers that had the request were lost."
    )
    assert (letter.body, letter.headers["acme.n"]) == (b'{"poison":true}', "1")
    assert len(effect_file(stack.var / "storage", "java-7").read_text().splitlines()) == 3
    manager.dispatch("accept-kill", "java-8", b'{"n":1}', content_type="kill")
    assert manager.await_answer("java-8").status == "SUCCESS"
    assert fleet.terminate() == 0


def _fleet(fleets: Platform, manager: OriginalManager, worker_type: str) -> ManagedProcess:
    heard = len(manager.alive.get(worker_type, ()))
    started = fleets.start_fleet([worker_type], pool="threads", concurrency=1)
    manager.await_alive(worker_type, instances=heard + 1)
    return started
