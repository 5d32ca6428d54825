"""What follows what."""

import json

import pytest

from worker_manager.policy import UNSET, Policy
from worker_manager.workflow_plan import Plan, PlanStep

_STEPS = [
    {"stepNumber": 20, "workerType": "b"},
    {"stepNumber": 0, "workerType": "a"},
    {"stepNumber": 30, "workerType": "a"},
]
_PLAN = Plan.workflow(workflow_type="ingest", steps=_STEPS, keep_errors=False)
_PARALLEL = Plan.workflow(
    workflow_type="wide",
    steps=[{"stepNumber": 2, "workerTypes": ["b", "c"]}, {"stepNumber": 1, "workerType": "a"}],
    keep_errors=True,
)


def test_it_orders_the_steps_by_number() -> None:
    assert _PLAN.steps == (PlanStep(0, "a"), PlanStep(20, "b"), PlanStep(30, "a"))
    assert _PLAN.first == PlanStep(0, "a")


@pytest.mark.parametrize(
    ("number", "following"),
    [(0, PlanStep(20, "b")), (20, PlanStep(30, "a")), (30, None), (7, PlanStep(20, "b"))],
)
def test_it_goes_on_with_the_next_higher_number(number: int, following: PlanStep | None) -> None:
    taken = _PLAN.after(number, None)
    assert (taken.step if taken else None) == following


def test_it_finds_a_step_by_its_number() -> None:
    assert (_PLAN.step(20), _PLAN.step(10)) == (PlanStep(20, "b"), None)


def test_it_gives_one_worker_type_one_step() -> None:
    plan = Plan.single(worker_type="unzip", keep_errors=True)
    assert (plan.first, plan.after(0, {}), plan.workflow_type) == (PlanStep(0, "unzip"), None, None)


_PATIENT = Policy(run_timeout=60.0, max_attempts=3)


def _with_policies(**policies: Policy) -> Plan:
    steps = [
        _STEPS[0],
        {**_STEPS[1], "policy": {"maxAttempts": 7}},
        _STEPS[2],
        {"stepNumber": 40, "workerTypes": ["a", "b"]},
    ]
    return Plan.workflow(workflow_type="ingest", steps=steps, keep_errors=True, policies=policies)


def test_it_puts_the_policy_of_a_step_over_that_of_its_worker_types() -> None:
    steps = _with_policies(a=_PATIENT).steps
    assert [step.policies for step in steps] == [
        (Policy(run_timeout=60.0, max_attempts=7),),
        (),
        (_PATIENT,),
        (_PATIENT, UNSET),
    ]
    assert [step.policy for step in steps[1:]] == [UNSET, _PATIENT, _PATIENT]


def test_it_stores_no_policy_that_nobody_configured() -> None:
    assert set(_PLAN.to_json()) == {"steps", "keepErrors", "workflowType"}
    assert set(_with_policies(b=_PATIENT).to_json()["policies"]) == {"0", "20", "40"}


@pytest.mark.parametrize(
    "plan",
    [
        _PLAN,
        _PARALLEL,
        _with_policies(a=_PATIENT),
        Plan.single(worker_type="unzip", keep_errors=True),
        Plan.single(worker_type="unzip", keep_errors=True, policy=_PATIENT),
    ],
)
def test_it_survives_storing(plan: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_it_names_the_members_of_a_parallel_step() -> None:
    assert _PARALLEL.steps == (PlanStep(1, "a"), PlanStep(2, "b", ("b", "c")))
    assert [step.workers for step in _PARALLEL.steps] == [("a",), ("b", "c")]


def test_it_stores_no_more_of_a_plan_without_parallel_steps() -> None:
    assert _PLAN.to_json()["steps"] == [[0, "a"], [20, "b"], [30, "a"]]
    assert "parallel" not in _PLAN.to_json()
    assert _PARALLEL.to_json() == {
        "steps": [[1, "a"], [2, ["b", "c"]]],
        "keepErrors": True,
        "workflowType": "wide",
        "parallel": True,
    }


_RASTER = {"header": "acme.kind", "in": ["raster"]}
_CHOOSY = Plan.workflow(
    workflow_type="choosy",
    steps=[
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerType": "b", "onlyIf": _RASTER},
        {"stepNumber": 3, "workerType": "c", "onlyIf": {"header": "acme.kind", "notIn": ["raster"]}},
        {"stepNumber": 4, "workerType": "d", "onlyIf": _RASTER},
    ],
    keep_errors=True,
)


@pytest.mark.parametrize(
    ("number", "headers", "following"),
    [
        (1, {"acme.kind": "raster"}, 2),
        (1, {"acme.kind": "netcdf"}, 3),
        (1, None, 3),
        (2, {"acme.kind": "raster"}, 4),
        (2, {}, 3),
        (3, {"acme.kind": "netcdf"}, None),
    ],
)
def test_it_leaves_out_steps_whose_condition_does_not_hold(
    number: int, headers: dict[str, str] | None, following: int | None
) -> None:
    taken = _CHOOSY.after(number, headers)
    assert (taken.step.number if taken else None) == following


def test_it_stores_conditions_and_only_those_that_there_are() -> None:
    stored = _CHOOSY.to_json()
    assert Plan.from_json(json.loads(json.dumps(stored))) == _CHOOSY
    assert set(stored["conditions"]) == {"2", "3", "4"}
    assert "conditions" not in _PLAN.to_json()


_POOR = {"header": "acme.fit", "in": ["poor"]}
_LOOPED = Plan.workflow(
    workflow_type="looped",
    steps=[
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerTypes": ["b", "c"]},
        {"stepNumber": 3, "workerType": "d", "repeat": {"from": 2, "while": _POOR, "most": 3}},
        {"stepNumber": 4, "workerType": "e"},
    ],
    keep_errors=True,
)


@pytest.mark.parametrize(
    ("number", "repeats", "headers", "following"),
    [
        (3, 0, {"acme.fit": "poor"}, (2, 1)),
        (2, 1, {"acme.fit": "poor"}, (3, 1)),
        (3, 1, {"acme.fit": "good"}, (4, 0)),
        (3, 1, None, (4, 0)),
    ],
)
def test_it_goes_back_to_where_a_loop_begins(
    number: int, repeats: int, headers: dict[str, str] | None, following: tuple[int, int]
) -> None:
    taken = _LOOPED.after(number, headers, repeats)
    assert taken
    assert (taken.step.number, taken.repeats) == following


def test_it_knows_which_steps_are_repeated() -> None:
    assert [_LOOPED.loop_of(number) is not None for number in (1, 2, 3, 4)] == [False, True, True, False]


def test_it_stores_loops_and_only_those_that_there_are() -> None:
    stored = _LOOPED.to_json()
    assert Plan.from_json(json.loads(json.dumps(stored))) == _LOOPED
    assert stored["loops"] == {"3": {"from": 2, "while": _POOR, "most": 3}}
    assert "loops" not in _CHOOSY.to_json()


_KEEPING = Plan.workflow(workflow_type="keeping", steps=_STEPS, keep_errors=True, keep_headers=True)


@pytest.mark.parametrize(
    ("before", "own", "kept"),
    [
        ({"a": "1", "b": "1"}, {"b": "2"}, {"a": "1", "b": "2"}),
        ({"a": "1"}, None, {"a": "1"}),
        (None, None, None),
    ],
)
def test_it_keeps_headers_if_it_is_to(
    before: dict[str, str] | None, own: dict[str, str] | None, kept: dict[str, str] | None
) -> None:
    assert _KEEPING.headers_after(before, own) == kept
    assert _PLAN.headers_after(before, own) == own


def test_it_stores_whether_it_keeps_headers() -> None:
    assert Plan.from_json(json.loads(json.dumps(_KEEPING.to_json()))) == _KEEPING
    assert "keepHeaders" not in _PLAN.to_json()
