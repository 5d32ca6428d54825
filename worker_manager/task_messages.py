"""Dispatches as messages: task messages for Celery fleets, raw messages of the contract for others."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from celery import Celery

from regards_processing.kernel.amqp.envelope import Outbound
from worker_manager import canvas
from worker_manager.workflow_plan import PlanStep
from workers.contract import names
from workers.contract.work_request import WorkRequest

#: Priority of messages to workers (contract 1.6).
_PRIORITY: Final = 0
#: Values that tell a worker nothing: it assumes the same when the header is missing.
_UNSAID: Final[tuple[object, ...]] = (None, {}, [None, None])
_NO_CALLBACKS: Final = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
#: Builds task messages; it has no broker and is nobody's current app.
_factory: Final = Celery("task-messages", set_as_current=False, broker="memory://")


def raw_dispatch(*, work: WorkRequest, worker_type: str) -> Outbound:
    """Return the raw message of a dispatch."""
    return Outbound(
        exchange=names.request_queue(worker_type),
        routing_key=names.WORKER_ROUTING_KEY,
        headers=work.wire_headers(),
        body=work.content,
        priority=_PRIORITY,
        content_encoding=None,
        message_id=work.dispatch_id,
        worker_type=worker_type,
    )


def celery_dispatch(*, work: WorkRequest, step: PlanStep, parent_id: str | None) -> Outbound:
    """Return the task message of a dispatch: the link of the chain that runs this step.

    The task id is the dispatch id, ``root_id`` the request's technical id, ``parent_id`` the link before.
    Additional headers travel in the argument only: beside Celery's own they could replace one of those.
    """
    task_id = work.dispatch_id or ""
    root_id = task_id.partition(":")[0]
    ids = {"id": task_id, "root_id": root_id, "parent_id": parent_id}
    arguments = [work.to_task_argument()], {"dispatch_id": task_id}, _NO_CALLBACKS
    return Outbound(
        exchange="",
        routing_key=names.task_queue(step.worker_type),
        headers={**_template(step), **work.own_headers(), **ids},
        body=json.dumps(arguments, separators=(",", ":")).encode(),
        priority=_PRIORITY,
        content_encoding="utf-8",
        message_id=task_id,
        correlation_id=task_id,
        worker_type=step.worker_type,
    )


@cache
def _template(step: PlanStep) -> Mapping[str, Any]:
    """Let Celery write the headers of a step's task message once; only the ids differ from then on."""
    link = canvas.link(step)
    message = _factory.amqp.as_task_v2("", str(link.task), ignore_result=True)
    return {name: value for name, value in message.headers.items() if value not in _UNSAID}
