"""How far a request is in its plan."""

import pytest

from tests.factories.situations import SINGLE, WORKFLOW
from worker_manager.plan_progress import planned_steps
from worker_manager.workflow_plan import Plan, PlanStep


@pytest.mark.parametrize(
    ("step_number", "begun", "states"),
    [
        (0, False, ["CURRENT", "AHEAD", "AHEAD"]),
        (10, True, ["CURRENT", "AHEAD", "AHEAD"]),
        (20, True, ["DONE", "CURRENT", "AHEAD"]),
        (30, True, ["DONE", "DONE", "CURRENT"]),
    ],
)
def test_it_tells_what_is_done_and_what_lies_ahead(
    step_number: int,
    begun: bool,  # noqa: FBT001 (a parameter)
    states: list[str],
) -> None:
    steps = planned_steps(plan=WORKFLOW, step_number=step_number, begun=begun, taken={})
    assert [step.state for step in steps] == states
    assert [step.number for step in steps] == [10, 20, 30]


def test_a_request_for_one_worker_type_has_one_step() -> None:
    (step,) = planned_steps(plan=SINGLE, step_number=0, begun=True, taken={})
    assert (step.number, step.worker_types, step.state) == (0, ("unzip-worker",), "CURRENT")


def test_it_names_those_that_work_in_parallel() -> None:
    plan = Plan(steps=(PlanStep.of(1, ["a", "b"]),), workflow_type="wf")
    assert planned_steps(plan=plan, step_number=1, begun=True, taken={})[0].worker_types == ("a", "b")


def test_nothing_is_planned_while_nothing_is_configured() -> None:
    assert planned_steps(plan=None, step_number=0, begun=False, taken={}) == ()


@pytest.mark.parametrize(("taken", "state"), [({1: 0, 3: 0}, "LEFT_OUT"), ({1: 0, 2: 0, 3: 0}, "DONE")])
def test_it_tells_what_was_left_out(taken: dict[int, int], state: str) -> None:
    steps = [
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerType": "b", "onlyIf": {"header": "acme.kind", "in": ["raster"]}},
        {"stepNumber": 3, "workerType": "c"},
    ]
    plan = Plan.workflow(workflow_type="choosy", steps=steps, keep_errors=True)
    planned = planned_steps(plan=plan, step_number=3, begun=True, taken=taken)
    assert [step.state for step in planned] == ["DONE", state, "CURRENT"]
    assert str(planned[1].condition) == "acme.kind is one of raster"


_LOOPED = Plan.workflow(
    workflow_type="looped",
    steps=[
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerType": "b", "onlyIf": {"header": "acme.kind", "in": ["raster"]}},
        {
            "stepNumber": 3,
            "workerType": "c",
            "repeat": {"from": 1, "while": {"header": "acme.fit", "in": ["poor"]}, "most": 5},
        },
        {"stepNumber": 4, "workerType": "d"},
    ],
    keep_errors=True,
)


def test_it_tells_the_rounds_of_a_loop() -> None:
    steps = planned_steps(plan=_LOOPED, step_number=1, begun=True, taken={1: 1, 2: 1, 3: 1}, repeats=2)
    assert [step.state for step in steps] == ["CURRENT", "AHEAD", "AHEAD", "AHEAD"]
    assert [step.repeats for step in steps] == [2, 1, 1, 0]
    told = "steps 1 to 3, while acme.fit is one of poor, at most 5 rounds"
    assert [step.loop and str(step.loop) for step in steps] == [told, told, told, None]


@pytest.mark.parametrize(
    ("number", "taken", "state"),
    [
        (3, {1: 1, 2: 1}, "DONE"),
        (3, {1: 1, 2: 0}, "LEFT_OUT"),
        (4, {1: 1, 2: 0, 3: 1}, "DONE"),
        (4, {1: 1, 3: 1}, "LEFT_OUT"),
    ],
)
def test_it_tells_what_was_left_out_of_the_round(number: int, taken: dict[int, int], state: str) -> None:
    repeats = {3: 1, 4: 0}[number]
    steps = planned_steps(plan=_LOOPED, step_number=number, begun=True, taken=taken, repeats=repeats)
    assert steps[1].state == state
