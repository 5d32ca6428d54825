"""The same worker types as a plain Celery chain, with no manager."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, Signature, chain
from celery.app import app_or_default

from tests.integration.workers.fleet import Broker, Fleet, wait_for
from worker_manager.canvas import compile_plan
from worker_manager.workflow_plan import Plan
from workers.contract import names
from workers.contract.work_request import WorkRequest
from workers.sdk.application import build_application
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import InvalidContent


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


def test_it_ends_a_chain_with_the_error_of_the_worker_type(broker: Broker, tmp_path: Path) -> None:
    backend = f"file://{tmp_path}"
    app = _client(broker, backend)
    with Fleet(broker=broker, types=["echo", "refuse"], WORKER_RESULT_BACKEND=backend):
        result = _link(app, "refuse", _first()).apply_async()
        wait_for(result.ready)
    with pytest.raises(InvalidContent, match="no width"):
        result.get(disable_sync_subtasks=False)


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
