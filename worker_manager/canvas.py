"""Workflows as Celery canvas chains. Pure: no database, no broker.

The manager publishes the links one by one (`task_messages`): each when the answer to the one before is
stored.
The same chain also runs without a manager, on the same fleets:
``compile_plan(plan).apply_async(args=[argument])``.
"""

from celery import chain, group, signature
from celery.canvas import Signature

from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract import names
from workers.contract.conditions import ONLY_IF


def compile_plan(plan: Plan) -> Signature:
    """Return the plan as a chain of signatures, one a step; each takes what the one before returned."""
    return chain(*(link(step) for step in plan.steps))


def link(step: PlanStep) -> Signature:
    """Return the signature of one step; the fleets' app routes it to its worker type's queue by its name.

    A parallel step is a group; the link after it takes what all of them returned, in order, and gathers it as
    the manager does (`workers.contract.gathering`). The condition of a step goes along: where no manager
    drives the chain, the fleet leaves the step out.
    """
    told = {ONLY_IF: step.condition.to_json()} if step.condition else {}
    tasks = [signature(names.task_name(worker_type), kwargs=told) for worker_type in step.workers]
    return group(tasks) if step.members else tasks[0]
