"""Workflows as Celery canvas chains. Pure: no database, no broker.

The manager publishes the links one by one (`task_messages`): each when the answer to the one before is
stored.
The same chain also runs without a manager, on the same fleets:
``compile_plan(plan).apply_async(args=[argument])``.
"""

from collections.abc import Mapping
from typing import Any

from celery import chain, group, signature
from celery.canvas import Signature

from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract import names
from workers.contract.conditions import ONLY_IF
from workers.contract.kept_headers import KEEP_HEADERS
from workers.contract.repetition import REPEAT, ROUND_STEPS


def compile_plan(plan: Plan) -> Signature:
    """Return the plan as a chain of signatures, one a step; each takes what the one before returned."""
    return chain(*(link(step, told=_told(plan, step)) for step in plan.steps))


def link(step: PlanStep, *, told: Mapping[str, Any] | None = None) -> Signature:
    """Return the signature of one step; the fleets' app routes it to its worker type's queue by its name.

    A parallel step is a group; the link after it takes what all of them returned, in order, and gathers it as
    the manager does (`workers.contract.gathering`). ``told`` goes along: what the fleet has to know where no
    manager drives the chain.
    """
    tasks = [signature(names.task_name(worker_type), kwargs=dict(told or {})) for worker_type in step.workers]
    return group(tasks) if step.members else tasks[0]


def _told(plan: Plan, step: PlanStep) -> dict[str, Any]:
    """Return when a fleet leaves a step out, what it keeps, and what it repeats after it."""
    told: dict[str, Any] = {KEEP_HEADERS: True} if plan.keep_headers else {}
    if step.condition:
        told[ONLY_IF] = step.condition.to_json()
    if step.repeat and (loop := plan.loop_of(step.number)):
        before = [one for one in plan.steps if one.number in loop and one.number < step.number]
        links = [dict(link(one, told=_told(plan, one))) for one in before]
        told[REPEAT] = step.repeat.to_json() | {ROUND_STEPS: links}
    return told
