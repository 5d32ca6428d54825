"""The same workflow driven by the manager, and run as a plain Celery chain without any manager."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from celery.app import app_or_default

from tests.acceptance.participant import Client, standard_headers
from tests.stack.platform import Platform
from worker_manager.canvas import compile_plan
from worker_manager.workflow_plan import Plan
from workers.sdk.application import build_application
from workers.sdk.config import WorkerConfig

_STEPS = [
    {"stepNumber": 10, "workerType": "accept-stamp-a"},
    {"stepNumber": 20, "workerType": "accept-stamp-b"},
    {"stepNumber": 30, "workerType": "accept-stamp-c"},
]

_PARALLEL = [
    {"stepNumber": 10, "workerType": "accept-stamp-a"},
    {"stepNumber": 20, "workerTypes": ["accept-stamp-b", "accept-stamp-b"]},
    {"stepNumber": 30, "workerType": "accept-echo"},
]


@pytest.fixture
def fleets(shared: Platform) -> Iterator[Celery]:
    """Give the Celery application of the fleets, as a script of a user would have it."""
    before = app_or_default()
    app = build_application(config=WorkerConfig.from_env(shared.stack.environment()))
    app.set_current()
    yield app
    before.set_current()
    app.close()


@pytest.mark.usefixtures("fleets")
def test_it_ends_with_the_same_content_as_the_native_chain(client: Client, shared: Platform) -> None:
    body = b'{"name":"scene","size":12}'
    client.submit("native-1", "three-steps", body)
    managed = json.loads(client.await_final("native-1").content)

    plan = Plan.workflow(workflow_type="three-steps", steps=_STEPS, keep_errors=True)
    argument = {
        "content": base64.b64encode(body).decode(),
        "headers": standard_headers("native-2", "three-steps"),
    }
    result = compile_plan(plan).apply_async(args=(argument,)).get(timeout=20, interval=0.05)
    native = json.loads(base64.b64decode(result["content"]))

    assert _without_tokens(native) == _without_tokens(managed)
    assert result["headers"] == standard_headers("native-2", "three-steps") | {"acme.step": "c"}
    assert list(Path(shared.stack.variables["WORKER_RESULT_BACKEND"].removeprefix("file://")).iterdir())


@pytest.mark.usefixtures("fleets")
def test_it_gathers_as_the_native_group_does(client: Client) -> None:
    body = b'{"name":"scene"}'
    client.submit("native-3", "in-parallel", body)
    managed = json.loads(client.await_final("native-3").content)

    plan = Plan.workflow(workflow_type="in-parallel", steps=_PARALLEL, keep_errors=True)
    argument = {
        "content": base64.b64encode(body).decode(),
        "headers": standard_headers("native-4", "in-parallel"),
    }
    result = compile_plan(plan).apply_async(args=(argument,)).get(timeout=20, interval=0.05)
    native = json.loads(base64.b64decode(result["content"]))

    assert len(managed["contents"]) == 2
    assert [_without_tokens(one) for one in native["contents"]] == [
        _without_tokens(one) for one in managed["contents"]
    ]


def _without_tokens(content: dict[str, object]) -> dict[str, object]:
    trail = content["trail"]
    assert isinstance(trail, list)
    return content | {"trail": [step for step, _ in trail]}
