"""The Celery task of a worker type, for chains that run without a manager."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from celery import Celery, Task, chain, group, signature
from celery.canvas import Signature

from workers.contract import names
from workers.contract.conditions import ONLY_IF, Condition
from workers.contract.kept_headers import KEEP_HEADERS, HeadersTooLarge, keep
from workers.contract.repetition import REPEAT, REPEATS, ROUND_STEPS, Repeat, RoundsUsedUp
from workers.contract.work_request import OWN_HEADERS, WorkRequest
from workers.sdk.declare import WorkerType
from workers.sdk.errors import InvalidContent, RetryLater
from workers.sdk.result import WorkResult
from workers.sdk.runner import Runner

#: What ends a chain for good reason.
_FORESEEN = (InvalidContent, RetryLater, RoundsUsedUp, HeadersTooLarge)


def register_tasks(*, app: Celery, types: Iterable[WorkerType], runner: Runner) -> None:
    """Register a task per worker type: it takes the contract's argument and returns the next link's.

    A step whose condition does not hold returns what it was given. One that ends a loop is replaced by the
    next round, if there is another.
    """
    for entry in types:
        declare = app.task(name=names.task_name(entry.name), throws=_FORESEEN, bind=True)
        declare(_task(entry, runner))


def _task(entry: WorkerType, runner: Runner) -> Any:
    def work(task: Task[Any, Any], argument: object, **told: Any) -> Any:
        request = WorkRequest.from_task_argument(argument, dispatch_id=None)
        condition, repeat = told.get(ONLY_IF), told.get(REPEAT)
        if condition and not Condition.from_json(condition).holds(request.headers):
            return request.to_task_argument()
        result = runner.run(worker_type=entry.name, request=request)
        made, given = _made(request, result, keeps=KEEP_HEADERS in told)
        if repeat and Repeat.from_json(repeat).again(made.headers, repeats=repeat.get(REPEATS, 0)):
            return task.replace(_next_round(task, told, given))
        return given

    return work


def _made(request: WorkRequest, result: WorkResult, *, keeps: bool) -> tuple[WorkRequest, dict[str, object]]:
    """Return what a step has made of a request, and the argument of the next link."""
    own = result.additional_headers
    headers = keep(request.headers, own) if keeps else own
    made = replace(request, content=result.content, headers=headers)
    given = made.to_task_argument()
    return made, given | {OWN_HEADERS: dict(own)} if keeps else given


def _next_round(task: Task[Any, Any], told: Mapping[str, Any], argument: Mapping[str, object]) -> Signature:
    """Return the steps of a loop once more, the first of which is given what the last one made."""
    repeat = told[REPEAT]
    round_after = {**repeat, REPEATS: repeat.get(REPEATS, 0) + 1}
    last = signature(task.name, kwargs={**told, REPEAT: round_after}, app=task.app)
    # Signatures get ids when they are sent: those of the round after must be as new.
    before = [signature(deepcopy(link), app=task.app) for link in repeat.get(ROUND_STEPS, ())]
    first, *others = [*before, last]
    if isinstance(first, group):
        first = group([member.clone(args=(argument,)) for member in first.tasks])
    else:
        first = first.clone(args=(argument,))
    # Told its application, a chain stays one: folded to a chord it would take what follows it as its body,
    # and Celery would wait for the group in a queue that no fleet reads.
    return chain(first, *others, app=task.app)
