"""What lets somebody else have a request on which no work has begun.

A message that is given back to the broker comes again as one that was delivered before, and whoever had such
a message may have died of it: it counts as a lost attempt. So an unchanged copy takes its place. A manager
that was told already that the work runs here would soon take this process for dead: it gets an answer.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from workers.contract.wire import Wire
from workers.contract.work_answer import AnswerStatus
from workers.contract.work_request import WorkRequest
from workers.sdk import process
from workers.sdk.intake import ManagedWork
from workers.sdk.managed import ManagedRequest
from workers.sdk.outgoing import Outgoing
from workers.sdk.publishing import route

_NOT_BEGUN: Final = "The worker was stopped before the work had begun"


def returned(request: ManagedRequest) -> Outgoing:
    """Return what takes the place of a request; its message is acknowledged when the broker has that."""
    work = request.work
    if request.announced and work.request.dispatch_id is not None:
        return postponed(work.request, reason=_NOT_BEGUN, confirmed=request.acknowledge)
    return copied(message=request.message, work=work, confirmed=request.acknowledge)


def postponed(request: WorkRequest, *, reason: str, confirmed: Callable[[], None] | None = None) -> Outgoing:
    """Return the answer that asks for a new attempt, which does not count as a failure of this one."""
    answer = process.runner().worded(request, AnswerStatus.RETRY_LATER, reason)
    exchange, key = route(answer)
    wire = replace(answer, retry_after=0.0).to_wire()
    return Outgoing(exchange=exchange, key=key, wire=wire, confirmed=confirmed)


def copied(*, message: Any, work: ManagedWork, confirmed: Callable[[], None]) -> Outgoing:
    """Return the copy of a kombu message, for the queue that it came from."""
    properties = message.properties
    return Outgoing(
        exchange="",
        key=work.queue,
        wire=Wire(
            headers=dict(message.headers),
            body=message.body.encode() if isinstance(message.body, str) else bytes(message.body),
            message_id=properties.get("message_id"),
            correlation_id=properties.get("correlation_id"),
        ),
        confirmed=confirmed,
        priority=properties.get("priority") or 0,
    )
