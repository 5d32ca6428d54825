"""Whether the steps of a workflow make a chain. Pure; no database."""

from collections.abc import Iterator, Mapping
from typing import Final

from regards_processing.kernel.configuration.faults import Fault, listed
from worker_manager.configuration.worker_items import WorkerItem
from worker_manager.configuration.workflow_items import WorkflowItem
from worker_manager.configuration.workflow_steps import WorkflowStep

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

    Each step is compared with the last one that is right, so that one mistake is reported once. A parallel
    step makes what each of its worker types makes, or the one content type that it says. It takes what one
    of them takes: a content type goes to one worker type, so two that differ never list the same. For the
    same reason a step with a condition counts as taken: what it takes, the step after it cannot take; and a
    loop as gone through once: what its end makes, its beginning cannot take, if the step after it does.
    """
    if len({step.number for step in workflow.steps}) < len(workflow.steps):
        text = _STEP_CLASH.format(workflow=workflow.workflow_type)
        return [Fault(text=text, field="steps", allowed="step numbers that are distinct")]
    faults = []
    made: tuple[str, ...] = ()
    for step in workflow.steps:
        wrong = [*_member_faults(workflow, step, workers)] or [*_link_faults(workflow, step, made, workers)]
        faults += wrong
        made = made if wrong else _made(step, workers)
    return faults


def _member_faults(workflow: WorkflowItem, step: WorkflowStep, workers: Workers) -> Iterator[Fault]:
    for worker_type in dict.fromkeys(step.worker_types):
        worker = workers.get(worker_type)
        if worker is None:
            allowed = f"configured worker types, which are {listed(workers)}"
            yield _fault(_NO_WORKER, workflow, step, worker_type, allowed)
        elif worker.output is None:
            allowed = f"worker types with contentTypeOutput, which are {listed(_chainable(workers))}"
            yield _fault(_NO_OUTPUT, workflow, step, worker_type, allowed)


def _link_faults(
    workflow: WorkflowItem, step: WorkflowStep, made: tuple[str, ...], workers: Workers
) -> Iterator[Fault]:
    taken = {name for worker_type in step.worker_types for name in workers[worker_type].inputs}
    refused = [output for output in made if output not in taken]
    for output in refused[:1]:
        takers = [name for name in _chainable(workers) if output in workers[name].inputs]
        allowed = f"worker types that take {output}, which are {listed(takers)}"
        named = '", "'.join(dict.fromkeys(step.worker_types))
        yield _fault(_NOT_CHAINABLE, workflow, step, named, allowed, output=output)


def _fault(
    text: str, workflow: WorkflowItem, step: WorkflowStep, worker: str, allowed: str, *, output: str = ""
) -> Fault:
    told = text.format(workflow=workflow.workflow_type, worker=worker, step=step.number, output=output)
    return Fault(text=told, field="steps", allowed=allowed)


def _made(step: WorkflowStep, workers: Workers) -> tuple[str, ...]:
    """Return what the next step has to take, all of it."""
    if step.output is not None:
        return (step.output,)
    outputs = [workers[worker_type].output for worker_type in step.worker_types]
    return tuple(dict.fromkeys(output for output in outputs if output is not None))


def _chainable(workers: Workers) -> list[str]:
    return [name for name, worker in workers.items() if worker.output is not None]
