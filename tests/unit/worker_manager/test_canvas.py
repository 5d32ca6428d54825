"""Workflows as chains of Celery signatures."""

from celery.canvas import Signature, _chain

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
