"""What follows what."""

import json

import pytest

from worker_manager.workflow_plan import Plan, PlanStep

_STEPS = [
    {"stepNumber": 20, "workerType": "b"},
    {"stepNumber": 0, "workerType": "a"},
    {"stepNumber": 30, "workerType": "a"},
]
_PLAN = Plan.workflow(workflow_type="ingest", steps=_STEPS, keep_errors=False)


def test_it_orders_the_steps_by_number() -> None:
    assert _PLAN.steps == (PlanStep(0, "a"), PlanStep(20, "b"), PlanStep(30, "a"))
    assert _PLAN.first == PlanStep(0, "a")


@pytest.mark.parametrize(
    ("number", "following"),
    [(0, PlanStep(20, "b")), (20, PlanStep(30, "a")), (30, None), (7, PlanStep(20, "b"))],
)
def test_it_goes_on_with_the_next_higher_number(number: int, following: PlanStep | None) -> None:
    assert _PLAN.after(number) == following


def test_it_finds_a_step_by_its_number() -> None:
    assert (_PLAN.step(20), _PLAN.step(10)) == (PlanStep(20, "b"), None)


def test_it_gives_one_worker_type_one_step() -> None:
    plan = Plan.single(worker_type="unzip", keep_errors=True)
    assert (plan.first, plan.after(0), plan.workflow_type) == (PlanStep(0, "unzip"), None, None)


@pytest.mark.parametrize("plan", [_PLAN, Plan.single(worker_type="unzip", keep_errors=True)])
def test_it_survives_storing(plan: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
