"""Workflows as Celery canvas chains. Pure: no database, no broker.

The manager publishes the links one by one (`task_messages`): each when the answer to the one before is
stored.
The same chain also runs without a manager, on the same fleets:
``compile_plan(plan).apply_async(args=[argument])``.
"""

from celery import chain, signature
from celery.canvas import Signature

from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract import names


def compile_plan(plan: Plan) -> Signature:
    """Return the plan as a chain of signatures, one a step; each takes what the one before returned."""
    return chain(*(link(step) for step in plan.steps))


def link(step: PlanStep) -> Signature:
    """Return the signature of one step; the fleets' app routes it to its worker type's queue by its name."""
    return signature(names.task_name(step.worker_type))
