"""The Celery task of a worker type, for chains that run without a manager."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from celery import Celery

from workers.contract import names
from workers.contract.work_request import WorkRequest
from workers.sdk.declare import WorkerType
from workers.sdk.errors import InvalidContent, RetryLater
from workers.sdk.runner import Runner


def register_tasks(*, app: Celery, types: Iterable[WorkerType], runner: Runner) -> None:
    """Register a task per worker type: it takes the contract's argument and returns the next link's."""
    for entry in types:
        declare = app.task(name=names.task_name(entry.name), throws=(InvalidContent, RetryLater))
        declare(_task(entry, runner))


def _task(entry: WorkerType, runner: Runner) -> Any:
    def work(argument: object, **_ignored: object) -> dict[str, object]:
        request = WorkRequest.from_task_argument(argument, dispatch_id=None)
        result = runner.run(worker_type=entry.name, request=request)
        return replace(request, content=result.content, headers=result.additional_headers).to_task_argument()

    return work
