"""Workflows as chains of Celery signatures."""

from typing import Any

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
