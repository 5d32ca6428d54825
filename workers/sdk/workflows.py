"""Workflows written in Python: chains and groups of worker types, as the configuration of a manager.

CHAIN = chain(
    step(unpack),
    step(quicklook, only_if=Condition("acme.kind", ("raster",))),
    group(step(footprint), step(checksum)),
    step("catalogue"),
)
INGEST = Workflow("ingest-scene", CHAIN)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from celery import chain, group, signature
from celery.canvas import Signature

from workers.contract import names
from workers.contract.conditions import ONLY_IF, Condition
from workers.sdk import declare
from workers.sdk.errors import DeclarationError

_WORKER: Final = "fr.cnes.regards.modules.workermanager.dto.WorkerConfigDto"
_WORKFLOW: Final = "fr.cnes.regards.modules.workermanager.dto.WorkflowConfigDto"
#: Between the numbers of two steps, so that others fit in.
_STRIDE: Final = 10
_TASKS: Final = names.task_name("")
#: Members of a parallel step.
_LEAST_MEMBERS, _MOST_MEMBERS = 2, 16

__all__ = ["Condition", "Workflow", "chain", "group", "step"]


def step(worker_type: str | Callable[..., Any], *, only_if: Condition | None = None) -> Signature:
    """Return the canvas signature of a step of a workflow.

    Args:
        worker_type: its name, or the function or class that declares it.
        only_if: what an additional header of the answer before must say for the step to be taken.

    Raises:
        DeclarationError: the function declares none.
    """
    name = worker_type if isinstance(worker_type, str) else declare.declared_by(worker_type).name
    return signature(names.task_name(name), kwargs={ONLY_IF: only_if.to_json()} if only_if else {})


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow of a manager, made of a canvas.

    The same canvas runs without a manager: ``workflow.canvas.apply_async(args=[argument])``.
    """

    workflow_type: str
    canvas: Signature
    keep_errors: bool = True
    priority: int = 0
    #: Content types made by parallel steps, by the number of the step from 1: what the next step takes.
    gathered: dict[int, str] = field(default_factory=dict)

    def steps(self) -> list[tuple[str, ...]]:
        """Return the worker types of each step, in order.

        Raises:
            DeclarationError: the canvas is no chain of worker types and groups of them.
        """
        steps = [self._workers(link) for link in _links(self.canvas)]
        if not steps:
            raise self._wrong("it has no step")
        return steps

    def conditions(self) -> dict[int, Condition]:
        """Return the conditions of steps, by the number of the step from 1.

        Raises:
            DeclarationError: the first step has one.
        """
        told = {number: link.kwargs.get(ONLY_IF) for number, link in enumerate(_links(self.canvas), 1)}
        found = {number: Condition.from_json(value) for number, value in told.items() if value}
        if 1 in found:
            raise self._wrong("the first step is always taken: no answer comes before it")
        return found

    def configuration(self) -> dict[str, Any]:
        """Return the content of a configuration file: worker types that are declared here, and the workflow.

        Whether content types make a chain is the manager's to judge, who knows the other worker types too.

        Raises:
            DeclarationError: the canvas is no chain of worker types and groups of them, or a worker type does
                not say which contents a manager may send to it.
        """
        steps, conditions = self.steps(), self.conditions()
        workers = list(dict.fromkeys(name for members in steps for name in members))
        items = [_worker(declare.find(name)) for name in workers if name in declare.declared_types()]
        value = {
            "workflowType": self.workflow_type,
            "keepErrors": self.keep_errors,
            "priority": self.priority,
            "steps": [
                self._step(number, members, conditions.get(number)) for number, members in enumerate(steps, 1)
            ],
        }
        items.append({"key": _WORKFLOW, "value": value})
        module = {"module": {"id": "workermanager"}, "resetBeforeImport": False, "configuration": items}
        return {"microservice": "rs-worker-manager", "modules": [module]}

    def _step(self, number: int, members: Sequence[str], condition: Condition | None) -> dict[str, Any]:
        if len(members) == 1:
            told = {ONLY_IF: condition.to_json()} if condition else {}
            return {"stepNumber": number * _STRIDE, "workerType": members[0], **told}
        written: dict[str, Any] = {"stepNumber": number * _STRIDE, "workerTypes": list(members)}
        return written | ({"contentTypeOutput": self.gathered[number]} if number in self.gathered else {})

    def _workers(self, link: Any) -> tuple[str, ...]:
        if link.subtask_type != "group":
            return (self._name(link, may_have=frozenset({ONLY_IF})),)
        members = tuple(self._name(task) for task in link.tasks)
        if not _LEAST_MEMBERS <= len(members) <= _MOST_MEMBERS:
            raise self._wrong(
                f"a group has {_LEAST_MEMBERS} to {_MOST_MEMBERS} worker types, got {len(members)}"
            )
        return members

    def _name(self, task: Any, may_have: frozenset[str] = frozenset()) -> str:
        if task.subtask_type or not task.task.startswith(_TASKS):
            raise self._wrong(f"a step is a worker type, or a group of them, not {task.task}")
        name: str = task.task.removeprefix(_TASKS)
        if task.args or task.options or not may_have.issuperset(task.kwargs):
            raise self._wrong(
                f"worker type {name!r} has arguments, options or links; a step takes what the one before "
                "made, and may have a condition unless it is one of a group"
            )
        return name

    def _wrong(self, reason: str) -> DeclarationError:
        return DeclarationError(f"Workflow {self.workflow_type!r}: {reason}")


def _links(canvas: Any) -> Iterator[Any]:
    """Yield the links of a canvas; of a group that is followed by a task the canvas makes a chord."""
    match canvas.subtask_type:
        case "chain":
            for task in canvas.tasks:
                yield from _links(task)
        case "chord":
            yield group(canvas.tasks)
            yield from _links(canvas.body)
        case _:
            yield canvas


def _worker(entry: declare.WorkerType) -> dict[str, Any]:
    if not entry.content_types:
        raise DeclarationError(
            f"Worker type {entry.name!r} says no content_types: which contents may a manager send to it?"
        )
    value: dict[str, Any] = {"workerType": entry.name, "contentTypeInputs": list(entry.content_types)}
    if entry.content_type_output is not None:
        value["contentTypeOutput"] = entry.content_type_output
    return {"key": _WORKER, "value": value}
