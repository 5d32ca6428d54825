"""The Celery task of a worker type, for chains that run without a manager."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from celery import Celery

from workers.contract import names
from workers.contract.conditions import ONLY_IF, Condition
from workers.contract.work_request import WorkRequest
from workers.sdk.declare import WorkerType
from workers.sdk.errors import InvalidContent, RetryLater
from workers.sdk.runner import Runner


def register_tasks(*, app: Celery, types: Iterable[WorkerType], runner: Runner) -> None:
    """Register a task per worker type: it takes the contract's argument and returns the next link's.

    A step whose condition does not hold returns what it was given.
    """
    for entry in types:
        declare = app.task(name=names.task_name(entry.name), throws=(InvalidContent, RetryLater))
        declare(_task(entry, runner))


def _task(entry: WorkerType, runner: Runner) -> Any:
    def work(argument: object, **named: Any) -> dict[str, object]:
        request = WorkRequest.from_task_argument(argument, dispatch_id=None)
        condition = named.get(ONLY_IF)
        if condition and not Condition.from_json(condition).holds(request.headers):
            return request.to_task_argument()
        result = runner.run(worker_type=entry.name, request=request)
        return replace(request, content=result.content, headers=result.additional_headers).to_task_argument()

    return work
