"""The requests of the demonstration, and what came of each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.demonstration import checks
from scripts.demonstration.deliveries import Delivery
from scripts.demonstration.observation import Journey
from worker_manager.client.following import Followed
from worker_manager.configuration.workflow_items import KEY as WORKFLOW_KEY
from worker_manager.configuration.workflow_items import WorkflowItem, read_workflow
from worker_manager.events.request_answered import ResponseState
from worker_manager.events.request_submitted import RequestSubmitted

TENANT: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One request, and the delivery it is about."""

    submission: RequestSubmitted
    delivery: Delivery

    @property
    def request_id(self) -> str:
        """The request's id."""
        return self.submission.request_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one request."""

    order: Order
    journey: Journey
    #: From submission to final response; ``None`` when there was none in time.
    seconds: float | None
    #: Facts that were compared, all true unless there is a fault.
    facts: int = 0
    #: What is wrong.
    fault: str | None = None
    #: The quicklook.
    result: Path | None = None


def workflow_of(file: Path) -> WorkflowItem:
    """Return the workflow of a configuration file."""
    modules = json.loads(file.read_bytes())["modules"]
    items = [item for module in modules for item in module["configuration"]]
    return next(read_workflow(item["value"]) for item in items if item["key"] == WORKFLOW_KEY)


def write_orders(*, deliveries: Sequence[Delivery], count: int, workflow: WorkflowItem) -> list[Order]:
    """Return as many orders as asked for, over all deliveries in turn."""
    return [
        _order(deliveries[number % len(deliveries)], number // len(deliveries) + 1, workflow)
        for number in range(count)
    ]


def _order(delivery: Delivery, number: int, workflow: WorkflowItem) -> Order:
    submission = RequestSubmitted(
        tenant=TENANT,
        request_id=f"{delivery.name}-{number}",
        owner="demo",
        session="demo",
        content_type=workflow.workflow_type,
        content=json.dumps({"url": delivery.archive.as_uri()}).encode(),
    )
    return Order(submission=submission, delivery=delivery)


def judge(*, order: Order, followed: Followed | None, journey: Journey) -> Verdict:
    """Check what came of a request; ``followed`` is ``None`` when it did not end in time."""
    if followed is None:
        return Verdict(order=order, journey=journey, seconds=None, fault="has not ended in time")
    if followed.state is not ResponseState.SUCCESS:
        fault = f"ended in {followed.state}: {' '.join(followed.messages)}"
        return Verdict(order=order, journey=journey, seconds=followed.seconds, fault=fault)
    try:
        item = json.loads(followed.content or b"")
        facts = checks.check(item=item, delivery=order.delivery)
        result = checks.quicklook_of(item)
    except (checks.Mismatch, OSError, ValueError, LookupError, TypeError) as error:
        fault = str(error) if isinstance(error, checks.Mismatch) else f"the result cannot be read: {error!r}"
        return Verdict(order=order, journey=journey, seconds=followed.seconds, fault=fault)
    return Verdict(order=order, journey=journey, seconds=followed.seconds, facts=facts, result=result)
