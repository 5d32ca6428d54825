"""The same worker types as a plain Celery chain, with no manager."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, Signature, chain
from celery.app import app_or_default

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from worker_manager.canvas import compile_plan
from worker_manager.workflow_plan import Plan
from workers.contract import names
from workers.contract.gathering import gather
from workers.contract.repetition import RoundsUsedUp
from workers.contract.work_request import WorkRequest
from workers.sdk.application import build_application
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import InvalidContent

_POOR = {"header": "fit", "in": ["poor"]}


def test_it_pipes_the_content_through_a_chain(broker: Broker, tmp_path: Path) -> None:
    backend = f"file://{tmp_path}"
    app = _client(broker, backend)
    with Fleet(broker=broker, types=["echo", "refuse"], WORKER_RESULT_BACKEND=backend):
        links = chain(_link(app, "echo", _first()), _link(app, "echo"), app=app)
        result = links.apply_async()
        wait_for(result.ready)
    returned = WorkRequest.from_task_argument(result.result, dispatch_id=None)
    assert returned.content == b"through"
    assert returned.request_id == "native-1"
    assert returned.headers == {"seen": "none"}


def test_it_gathers_the_contents_of_a_parallel_step(broker: Broker, tmp_path: Path) -> None:
    backend = f"file://{tmp_path}"
    steps = [{"stepNumber": 1, "workerTypes": ["echo", "echo"]}, {"stepNumber": 2, "workerType": "echo"}]
    plan = Plan.workflow(workflow_type="wide", steps=steps, keep_errors=True)
    with Fleet(broker=broker, types=["echo"], WORKER_RESULT_BACKEND=backend), _current(broker, backend):
        result = compile_plan(plan).apply_async(args=(_first(),))
        wait_for(result.ready)
    returned = WorkRequest.from_task_argument(result.result, dispatch_id=None)
    assert returned.content == b'{"contents":[{"base64":"dGhyb3VnaA=="},{"base64":"dGhyb3VnaA=="}]}'
    assert returned.headers == {"seen": "none"}


@pytest.mark.parametrize("sized", [b"x" * 97, b"x" * 99, b"x" * 120])
def test_it_repeats_a_step(broker: Broker, tmp_path: Path, sized: bytes) -> None:
    steps = [
        {"stepNumber": 1, "workerType": "grow", "repeat": {"while": _POOR, "most": 9}},
        {"stepNumber": 2, "workerType": "echo"},
    ]
    returned = _ran(broker, tmp_path, steps, sized)
    assert returned.content == sized + b"+" * max(1, 100 - len(sized))
    assert returned.headers == {"seen": "none"}


@pytest.mark.parametrize(("start", "grown"), [(1, b"++"), (2, b"+")])
def test_it_repeats_steps_some_of_which_are_parallel(
    broker: Broker, tmp_path: Path, start: int, grown: bytes
) -> None:
    steps = [
        {"stepNumber": 1, "workerType": "grow"},
        {"stepNumber": 2, "workerTypes": ["grow", "grow"]},
        {"stepNumber": 3, "workerType": "grow", "repeat": {"from": start, "while": _POOR, "most": 9}},
        {"stepNumber": 4, "workerTypes": ["echo", "grow"]},
        {"stepNumber": 5, "workerType": "echo"},
    ]
    # Too short after the first round, long enough after the second.
    once = gather([b"x++", b"x++"]) + b"+"
    twice = gather([once + grown, once + grown]) + b"+"
    assert len(once) < 100 <= len(twice)
    assert _ran(broker, tmp_path, steps, b"x").content == gather([twice, twice + b"+"])


@pytest.mark.parametrize("go_on", [True, False])
def test_it_repeats_no_oftener_than_it_may(broker: Broker, tmp_path: Path, *, go_on: bool) -> None:
    loop = {"from": 1, "while": _POOR, "most": 2, "goOn": go_on}
    steps = [{"stepNumber": 1, "workerType": "grow"}, {"stepNumber": 2, "workerType": "grow", "repeat": loop}]
    expected = nullcontext() if go_on else pytest.raises(RoundsUsedUp, match="given up after 2 rounds")
    with expected:
        assert _ran(broker, tmp_path, steps, b"x").content == b"x++++"


def test_it_keeps_headers_of_earlier_steps(broker: Broker, tmp_path: Path) -> None:
    steps = [
        {"stepNumber": 1, "workerType": "grow"},
        {"stepNumber": 2, "workerTypes": ["echo", "grow"]},
        {"stepNumber": 3, "workerType": "echo"},
    ]
    returned = _ran(broker, tmp_path, steps, b"x" * 98, keep_headers=True, hint="some")
    assert returned.headers == {"hint": "some", "fit": "good", "seen": "some"}


def test_it_ends_a_chain_with_the_error_of_the_worker_type(broker: Broker, tmp_path: Path) -> None:
    backend = f"file://{tmp_path}"
    app = _client(broker, backend)
    with Fleet(broker=broker, types=["echo", "refuse"], WORKER_RESULT_BACKEND=backend):
        result = _link(app, "refuse", _first()).apply_async()
        wait_for(result.ready)
    with pytest.raises(InvalidContent, match="no width"):
        result.get(disable_sync_subtasks=False)


def _ran(
    broker: Broker,
    tmp_path: Path,
    steps: Sequence[Mapping[str, Any]],
    content: bytes,
    *,
    keep_headers: bool = False,
    **headers: str,
) -> WorkRequest:
    """Run a workflow without a manager; return what its last step returned."""
    backend = f"file://{tmp_path}"
    plan = Plan.workflow(workflow_type="wf", steps=steps, keep_errors=True, keep_headers=keep_headers)
    given = WorkRequest(tenant="default", request_id="native-1", content=content, headers=headers)
    with (
        Fleet(broker=broker, types=["echo", "grow"], WORKER_RESULT_BACKEND=backend),
        _current(broker, backend),
    ):
        result = compile_plan(plan).apply_async(args=(given.to_task_argument(),))
        wait_for(result.ready)
        return WorkRequest.from_task_argument(result.get(disable_sync_subtasks=False), dispatch_id=None)


def _client(broker: Broker, backend: str) -> Celery:
    return build_application(
        config=WorkerConfig.from_env(broker.environment() | {"WORKER_RESULT_BACKEND": backend})
    )


@contextmanager
def _current(broker: Broker, backend: str) -> Iterator[None]:
    """Make the fleets' application the one that signatures without any belong to."""
    before, app = app_or_default(), _client(broker, backend)
    app.set_current()
    try:
        yield
    finally:
        before.set_current()
        app.close()


def _link(app: Celery, worker_type: str, *arguments: object) -> Signature[Any]:
    return app.signature(names.task_name(worker_type), args=arguments)


def _first() -> dict[str, object]:
    request = WorkRequest(
        tenant="default", request_id="native-1", content=b"through", headers={"hint": "none"}
    )
    return request.to_task_argument()
