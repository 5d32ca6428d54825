"""Whether the steps of a workflow make a chain. Pure; no database."""

from collections.abc import Mapping
from typing import Final

from regards_processing.kernel.configuration.faults import Fault, listed
from worker_manager.configuration.worker_items import WorkerItem
from worker_manager.configuration.workflow_items import WorkflowItem

_STEP_CLASH: Final = (
    "[DuplicatedStepNumbersError - {workflow}]: step duplications detected! "
    "Make sure all step numbers are unique!"
)
_NO_WORKER: Final = (
    '[NotExistingWorkerError - {workflow}]: worker "{worker}" configured at step {step} does not exist.\n'
    "You can only configure a worker type that is already registered."
)
_NO_OUTPUT: Final = (
    '[NullContentTypeOutError - {workflow}]: contentTypeOut of worker "{worker}" configured at step {step} '
    "must be present.\n"
    "Make sure all contentTypeOuts of the workflowConfig are configured and chainable."
)
_NOT_CHAINABLE: Final = (
    '[NonConsistentContentTypeOutError - {workflow}]: contentTypeInputs of worker "{worker}" configured at '
    'step {step} do not contain the last worker contentTypeOut "{output}".\n'
    "Make sure each contentTypeOut is managed by the next worker inputs."
)

#: Configured worker types by name.
Workers = Mapping[str, WorkerItem]


def chain_faults(*, workflow: WorkflowItem, workers: Workers) -> list[Fault]:
    """Return why the steps of a workflow do not make a chain, in the order of their numbers.

    Each step is compared with the last one that is right, so that one mistake is reported once.
    """
    if len({number for number, _ in workflow.steps}) < len(workflow.steps):
        text = _STEP_CLASH.format(workflow=workflow.workflow_type)
        return [Fault(text=text, field="steps", allowed="step numbers that are distinct")]
    faults = []
    output: str | None = None
    for number, worker_type in workflow.steps:
        worker = workers.get(worker_type)
        wrong = _wrong(worker, output, workers)
        if wrong:
            text, allowed = wrong
            facts = {"workflow": workflow.workflow_type, "worker": worker_type, "step": number}
            faults.append(Fault(text=text.format(**facts, output=output), field="steps", allowed=allowed))
        elif worker:
            output = worker.output
    return faults


def _wrong(worker: WorkerItem | None, output: str | None, workers: Workers) -> tuple[str, str] | None:
    """Return the text about a step that is wrong, and what it could be; ``output`` is what it must take."""
    if worker is None:
        return _NO_WORKER, f"configured worker types, which are {listed(workers)}"
    if worker.output is None:
        return _NO_OUTPUT, f"worker types with contentTypeOutput, which are {listed(_chainable(workers))}"
    if output is not None and output not in worker.inputs:
        takers = [name for name in _chainable(workers) if output in workers[name].inputs]
        return _NOT_CHAINABLE, f"worker types that take {output}, which are {listed(takers)}"
    return None


def _chainable(workers: Workers) -> list[str]:
    return [name for name, worker in workers.items() if worker.output is not None]
