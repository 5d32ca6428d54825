"""What a step could be instead is told with every fault of a chain."""

import pytest

from worker_manager.configuration.chain import chain_faults
from worker_manager.configuration.worker_items import WorkerItem
from worker_manager.configuration.workflow_items import WorkflowItem


def _worker(name: str, takes: str, gives: str | None) -> WorkerItem:
    return WorkerItem(worker_type=name, inputs=(takes,), output=gives, keep_errors=True)


_WORKERS = {
    worker.worker_type: worker
    for worker in (
        _worker("a", "1", "2"),
        _worker("b", "2", "3"),
        _worker("c", "3", "4"),
        _worker("mute", "2", None),
    )
}


@pytest.mark.parametrize(
    ("steps", "allowed"),
    [
        (((1, "nobody"),), ["configured worker types, which are a, b, c, mute"]),
        (((1, "mute"),), ["worker types with contentTypeOutput, which are a, b, c"]),
        (((1, "a"), (2, "c")), ["worker types that take 2, which are b"]),
        (((1, "c"), (2, "a")), ["worker types that take 4, which are none"]),
        (((1, "a"), (1, "b")), ["step numbers that are distinct"]),
        (((1, "a"), (2, "b"), (3, "c")), []),
    ],
)
def test_it_tells_what_a_step_could_be(steps: tuple[tuple[int, str], ...], allowed: list[str]) -> None:
    workflow = WorkflowItem(workflow_type="wf", steps=steps, keep_errors=True)
    faults = chain_faults(workflow=workflow, workers=_WORKERS)
    assert [fault.allowed for fault in faults] == allowed
    assert {fault.field for fault in faults} <= {"steps"}
