"""What a step could be instead is told with every fault of a chain."""

import pytest

from worker_manager.configuration.chain import chain_faults
from worker_manager.configuration.worker_items import WorkerItem
from worker_manager.configuration.workflow_items import WorkflowItem
from worker_manager.configuration.workflow_steps import WorkflowStep


def _worker(name: str, takes: str, gives: str | None) -> WorkerItem:
    return WorkerItem(worker_type=name, inputs=(takes,), output=gives, keep_errors=True)


_WORKERS = {
    worker.worker_type: worker
    for worker in (
        _worker("a", "1", "2"),
        _worker("b", "2", "3"),
        _worker("c", "3", "4"),
        _worker("mute", "2", None),
        _worker("twin", "twin", "3"),
        _worker("other", "other", "5"),
        _worker("whole", "all", "6"),
    )
}


def _workflow(*steps: WorkflowStep) -> WorkflowItem:
    return WorkflowItem(workflow_type="wf", steps=steps, keep_errors=True)


@pytest.mark.parametrize(
    ("steps", "allowed"),
    [
        (((1, "nobody"),), ["configured worker types, which are a, b, c, mute, other, twin, whole"]),
        (((1, "mute"),), ["worker types with contentTypeOutput, which are a, b, c, other, twin, whole"]),
        (((1, "a"), (2, "c")), ["worker types that take 2, which are b"]),
        (((1, "c"), (2, "a")), ["worker types that take 4, which are none"]),
        (((1, "a"), (1, "b")), ["step numbers that are distinct"]),
        (((1, "a"), (2, "b"), (3, "c")), []),
    ],
)
def test_it_tells_what_a_step_could_be(steps: tuple[tuple[int, str], ...], allowed: list[str]) -> None:
    workflow = _workflow(*(WorkflowStep(number, (worker_type,)) for number, worker_type in steps))
    faults = chain_faults(workflow=workflow, workers=_WORKERS)
    assert [fault.allowed for fault in faults] == allowed
    assert {fault.field for fault in faults} <= {"steps"}


_NOT_TAKEN = "[NonConsistentContentTypeOutError - wf]: contentTypeInputs of worker"


@pytest.mark.parametrize(
    ("members", "output", "last", "texts"),
    [
        (("b", "twin"), None, "c", []),
        (("twin", "b"), None, "c", []),
        (("b", "b"), None, "c", []),
        (("b", "other"), "all", "whole", []),
        (
            ("b", "other"),
            None,
            "c",
            [f'{_NOT_TAKEN} "c" configured at step 3 do not contain the last worker contentTypeOut "5".'],
        ),
        (
            ("b", "twin"),
            "all",
            "c",
            [f'{_NOT_TAKEN} "c" configured at step 3 do not contain the last worker contentTypeOut "all".'],
        ),
        (
            ("twin", "other", "twin"),
            None,
            "b",
            [
                (
                    f'{_NOT_TAKEN} "twin", "other" configured at step 2 do not contain the last worker '
                    f'contentTypeOut "2".'
                )
            ],
        ),
        (
            ("b", "nobody", "mute", "nobody"),
            None,
            "b",
            [
                '[NotExistingWorkerError - wf]: worker "nobody" configured at step 2 does not exist.',
                (
                    '[NullContentTypeOutError - wf]: contentTypeOut of worker "mute" configured at step 2 '
                    "must be present."
                ),
            ],
        ),
    ],
)
def test_it_checks_the_members_of_a_parallel_step(
    members: tuple[str, ...], output: str | None, last: str, texts: list[str]
) -> None:
    workflow = _workflow(WorkflowStep(1, ("a",)), WorkflowStep(2, members, output), WorkflowStep(3, (last,)))
    faults = chain_faults(workflow=workflow, workers=_WORKERS)
    assert [fault.text.partition("\n")[0] for fault in faults] == texts


def test_it_lets_parallel_steps_follow_each_other() -> None:
    steps = WorkflowStep(1, ("a", "a")), WorkflowStep(2, ("b", "twin")), WorkflowStep(3, ("c", "c"))
    assert chain_faults(workflow=_workflow(*steps), workers=_WORKERS) == []


def test_it_tells_what_could_take_the_first_output_that_is_not_taken() -> None:
    workflow = _workflow(WorkflowStep(1, ("a",)), WorkflowStep(2, ("b", "other")), WorkflowStep(3, ("c",)))
    (fault,) = chain_faults(workflow=workflow, workers=_WORKERS)
    assert fault.allowed == "worker types that take 5, which are none"
