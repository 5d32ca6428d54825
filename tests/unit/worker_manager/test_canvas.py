"""Workflows as chains of Celery signatures."""

import json
from typing import Any

from celery import signature
from celery.canvas import Signature, _chain, group

from worker_manager.canvas import compile_plan, link
from worker_manager.workflow_plan import Plan, PlanStep


def _tasks(signature: Signature) -> list[str]:
    assert isinstance(signature, _chain)
    return [str(task.task) for task in signature.tasks]


def test_it_chains_the_steps_in_order() -> None:
    steps = [
        {"stepNumber": 2, "workerType": "Sip-Worker"},
        {"stepNumber": 1, "workerType": "unzip"},
        {"stepNumber": 3, "workerType": "unzip"},
    ]
    chain = compile_plan(Plan.workflow(workflow_type="ingest", steps=steps, keep_errors=True))
    assert _tasks(chain) == ["regards.worker.unzip", "regards.worker.Sip-Worker", "regards.worker.unzip"]


def test_it_makes_a_chain_of_one_step_as_well() -> None:
    assert _tasks(compile_plan(Plan.single(worker_type="unzip", keep_errors=True))) == [
        "regards.worker.unzip"
    ]


def test_it_gives_a_link_nothing_but_what_the_one_before_returns() -> None:
    signature = link(PlanStep(1, "unzip"))
    assert (signature.args, signature.kwargs, signature.immutable) == ((), {}, False)


def test_it_groups_the_members_of_a_parallel_step() -> None:
    members = link(PlanStep.of(2, ("b", "c", "b")))
    assert isinstance(members, group)
    assert [str(task.task) for task in members.tasks] == [f"regards.worker.{name}" for name in "bcb"]


def test_it_joins_a_group_before_the_next_step() -> None:
    steps = [
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerTypes": ["b", "c"]},
        {"stepNumber": 3, "workerType": "d"},
    ]
    compiled = compile_plan(Plan.workflow(workflow_type="wide", steps=steps, keep_errors=True))
    assert _tasks(compiled) == ["regards.worker.a", "celery.chord"]
    assert isinstance(compiled, _chain)
    joined: Any = compiled.tasks[1]
    assert [str(task.task) for task in joined.tasks] == ["regards.worker.b", "regards.worker.c"]
    assert joined.body.task == "regards.worker.d"


def test_it_gives_a_link_the_condition_of_its_step() -> None:
    condition = {"header": "acme.kind", "in": ["raster"]}
    steps = [
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerType": "b", "onlyIf": condition},
    ]
    compiled: Any = compile_plan(Plan.workflow(workflow_type="choosy", steps=steps, keep_errors=True))
    assert [task.kwargs for task in compiled.tasks] == [{}, {"onlyIf": condition}]


_LOOP = {"while": {"header": "acme.fit", "in": ["poor"]}, "most": 3}


def test_it_gives_the_end_of_a_loop_the_steps_of_a_round() -> None:
    condition = {"header": "acme.kind", "in": ["raster"]}
    steps = [
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerTypes": ["b", "c"]},
        {"stepNumber": 3, "workerType": "d", "onlyIf": condition},
        {"stepNumber": 4, "workerType": "e", "repeat": {"from": 2, **_LOOP}},
    ]
    plan = Plan.workflow(workflow_type="looped", steps=steps, keep_errors=True)
    compiled: Any = compile_plan(plan)
    # A group takes what follows it along.
    told = json.loads(json.dumps(compiled.tasks[1].body.tasks[-1].kwargs["repeat"]))
    written = told.pop("steps")
    parallel: Any = signature(written[0])
    conditional: Any = signature(written[1])
    assert told == {"from": 2, **_LOOP}
    assert [str(task.task) for task in parallel.tasks] == ["regards.worker.b", "regards.worker.c"]
    assert (conditional.task, conditional.kwargs) == ("regards.worker.d", {"onlyIf": condition})


def test_it_tells_each_link_to_keep_headers() -> None:
    steps = [
        {"stepNumber": 1, "workerType": "a"},
        {"stepNumber": 2, "workerType": "b", "repeat": {"from": 1, **_LOOP}},
        {"stepNumber": 3, "workerTypes": ["c", "d"]},
    ]
    plan = Plan.workflow(workflow_type="keeping", steps=steps, keep_errors=True, keep_headers=True)
    compiled: Any = compile_plan(plan)
    first, second, parallel = compiled.tasks
    assert first.kwargs == {"keepHeaders": True}
    assert second.kwargs["keepHeaders"] is True
    assert second.kwargs["repeat"]["steps"][0]["kwargs"] == {"keepHeaders": True}
    assert [task.kwargs for task in parallel.tasks] == [{"keepHeaders": True}] * 2
