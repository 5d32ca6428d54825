"""The same worker types as a plain Celery chain, with no manager."""

from pathlib import Path
from typing import Any

import pytest
from celery import Celery, Signature, chain

from tests.integration.workers.fleet import Broker, Fleet, wait_for
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


def _link(app: Celery, worker_type: str, *arguments: object) -> Signature[Any]:
    return app.signature(names.task_name(worker_type), args=arguments)


def _first() -> dict[str, object]:
    request = WorkRequest(
        tenant="default", request_id="native-1", content=b"through", headers={"hint": "none"}
    )
    return request.to_task_argument()
