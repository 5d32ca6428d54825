"""The same workflow driven by the manager, and run as a plain Celery chain without any manager."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.app import app_or_default

from tests.acceptance.participant import Client, standard_headers
from tests.stack.platform import Platform
from worker_manager.canvas import compile_plan
from worker_manager.workflow_plan import Plan
from workers.sdk.application import build_application
from workers.sdk.config import WorkerConfig

_STEPS: list[dict[str, Any]] = [
    {"stepNumber": 10, "workerType": "accept-stamp-a"},
    {"stepNumber": 20, "workerType": "accept-stamp-b"},
    {"stepNumber": 30, "workerType": "accept-stamp-c"},
]

_PARALLEL = [
    {"stepNumber": 10, "workerType": "accept-stamp-a"},
    {"stepNumber": 20, "workerTypes": ["accept-stamp-b", "accept-stamp-b"]},
    {"stepNumber": 30, "workerType": "accept-echo"},
]

_CHOOSY = [
    _STEPS[0],
    {**_STEPS[1], "onlyIf": {"header": "acme.step", "in": ["z"]}},
    {**_STEPS[2], "onlyIf": {"header": "acme.step", "in": ["a"]}},
]

_LOOPED = [
    _STEPS[0],
    {
        **_STEPS[1],
        "repeat": {"from": 10, "while": {"header": "acme.step", "in": ["b"]}, "most": 3, "goOn": True},
    },
    _STEPS[2],
]

#: Runs steps without a manager: a request's id, its content type, the steps and its body.
RunNatively = Callable[[str, str, Sequence[Mapping[str, Any]], bytes], dict[str, Any]]


@pytest.fixture
def fleets(shared: Platform) -> Iterator[Celery]:
    """Give the Celery application of the fleets, as a script of a user would have it."""
    before = app_or_default()
    app = build_application(config=WorkerConfig.from_env(shared.stack.environment()))
    app.set_current()
    yield app
    before.set_current()
    app.close()


@pytest.fixture
def run_natively(fleets: Celery) -> RunNatively:  # noqa: ARG001 (signatures belong to the current application)
    def run(name: str, workflow_type: str, steps: Sequence[Mapping[str, Any]], body: bytes) -> dict[str, Any]:
        plan = Plan.workflow(workflow_type=workflow_type, steps=steps, keep_errors=True)
        argument = {
            "content": base64.b64encode(body).decode(),
            "headers": standard_headers(name, workflow_type),
        }
        returned = compile_plan(plan).apply_async(args=(argument,)).get(timeout=20, interval=0.05)
        return {"content": json.loads(base64.b64decode(returned["content"])), "headers": returned["headers"]}

    return run


def test_it_ends_with_the_same_content_as_the_native_chain(
    client: Client, shared: Platform, run_natively: RunNatively
) -> None:
    body = b'{"name":"scene","size":12}'
    client.submit("native-1", "three-steps", body)
    managed = json.loads(client.await_final("native-1").content)
    native = run_natively("native-2", "three-steps", _STEPS, body)
    assert _without_tokens(native["content"]) == _without_tokens(managed)
    assert native["headers"] == standard_headers("native-2", "three-steps") | {"acme.step": "c"}
    assert list(Path(shared.stack.variables["WORKER_RESULT_BACKEND"].removeprefix("file://")).iterdir())


def test_it_gathers_as_the_native_group_does(client: Client, run_natively: RunNatively) -> None:
    body = b'{"name":"scene"}'
    client.submit("native-3", "in-parallel", body)
    managed = json.loads(client.await_final("native-3").content)
    native = run_natively("native-4", "in-parallel", _PARALLEL, body)
    assert len(managed["contents"]) == 2
    assert [_without_tokens(one) for one in native["content"]["contents"]] == [
        _without_tokens(one) for one in managed["contents"]
    ]


def test_it_leaves_out_the_steps_that_the_native_chain_leaves_out(
    client: Client, run_natively: RunNatively
) -> None:
    body = b'{"name":"scene"}'
    client.submit("native-5", "choosy", body)
    managed = json.loads(client.await_final("native-5").content)
    native = run_natively("native-6", "choosy", _CHOOSY, body)
    assert _without_tokens(managed)["trail"] == ["a", "c"]
    assert _without_tokens(native["content"]) == _without_tokens(managed)


def test_it_repeats_the_steps_that_the_native_chain_repeats(
    client: Client, run_natively: RunNatively
) -> None:
    body = b'{"name":"scene"}'
    client.submit("native-7", "looped", body)
    managed = json.loads(client.await_final("native-7").content)
    native = run_natively("native-8", "looped", _LOOPED, body)
    assert _without_tokens(managed)["trail"] == ["a", "b", "a", "b", "a", "b", "c"]
    assert _without_tokens(native["content"]) == _without_tokens(managed)


def _without_tokens(content: dict[str, object]) -> dict[str, object]:
    trail = content["trail"]
    assert isinstance(trail, list)
    return content | {"trail": [step for step, _ in trail]}
