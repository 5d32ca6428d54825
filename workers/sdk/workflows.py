"""Workflows written in Python: chains and groups of worker types, as the configuration of a manager.

CHAIN = chain(
    step(unpack),
    step(quicklook, only_if=Condition("acme.kind", ("raster",))),
    repeat(step("refine"), step("measure"), while_=Condition("acme.fit", ("poor",)), most=10),
    group(step(footprint), step(checksum)),
    step("catalogue"),
)
INGEST = Workflow("ingest-scene", CHAIN)
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from celery import chain, group, signature
from celery.canvas import Signature

from workers.contract import names
from workers.contract.conditions import ONLY_IF, Condition
from workers.contract.kept_headers import KEEP_HEADERS
from workers.contract.repetition import LEAST_ROUNDS, MOST_ROUNDS, REPEAT, ROUND_STEPS, Repeat
from workers.sdk import declare
from workers.sdk.errors import DeclarationError

_WORKER: Final = "fr.cnes.regards.modules.workermanager.dto.WorkerConfigDto"
_WORKFLOW: Final = "fr.cnes.regards.modules.workermanager.dto.WorkflowConfigDto"
#: Between the numbers of two steps, so that others fit in.
_STRIDE: Final = 10
_TASKS: Final = names.task_name("")
#: What a step may be told, and one of a group.
_TOLD_MEMBERS: Final = frozenset({KEEP_HEADERS})
_TOLD: Final = _TOLD_MEMBERS | {ONLY_IF, REPEAT}
#: Members of a parallel step.
_LEAST_MEMBERS, _MOST_MEMBERS = 2, 16

__all__ = ["Condition", "Workflow", "chain", "group", "repeat", "step"]


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


def repeat(*steps: Signature, while_: Condition, most: int, go_on: bool = False) -> Signature:
    """Return the canvas of steps that are repeated: what the last one made is what the first one gets.

    Args:
        steps: one or more, the last of which is no group; none of them is in another loop.
        while_: what an additional header of the last answer must say for another round to follow.
        most: rounds that there may be, the first one included.
        go_on: go on with the next step after the last round that there may be; otherwise the work fails.

    Raises:
        DeclarationError: they make no loop.
    """
    if not LEAST_ROUNDS <= most <= MOST_ROUNDS:
        raise DeclarationError(f"most={most!r}: a loop has {LEAST_ROUNDS} to {MOST_ROUNDS} rounds")
    links = [link for one in steps for link in _links(one)]
    if not links or links[-1].subtask_type:
        raise DeclarationError("a loop ends with a step of one worker type")
    if any(REPEAT in task.kwargs for link in links for task in _tasks(link)):
        raise DeclarationError("a step is in one loop at most")
    *before, last = links
    told = Repeat(condition=while_, most=most, go_on=go_on).to_json()
    # A canvas changes when it is sent; the loop has its steps as they are now.
    told[ROUND_STEPS] = json.loads(json.dumps(before))
    last = last.clone(kwargs={REPEAT: told})
    return chain(*before, last) if before else last


@dataclass(frozen=True, slots=True)
class Link:
    """A step of a workflow."""

    #: From 1.
    number: int
    #: Several work in parallel.
    workers: tuple[str, ...]
    condition: Condition | None = None
    #: The loop that ends with it; it goes back to a number from 1.
    repeat: Repeat | None = None


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
    #: Additional headers of earlier answers stay, for later steps and the client.
    keep_headers: bool = False

    def __post_init__(self) -> None:
        if self.keep_headers:
            # A fleet without a manager has to be told at each step.
            object.__setattr__(self, "canvas", chain(*map(_keeping, _links(self.canvas))))

    def links(self) -> list[Link]:
        """Return the steps, in order.

        Raises:
            DeclarationError: the canvas is no chain of worker types and groups of them, or its first step has
                a condition.
        """
        links = [self._link(number, link) for number, link in enumerate(_links(self.canvas), 1)]
        if not links:
            raise self._wrong("it has no step")
        if links[0].condition:
            raise self._wrong("the first step is always taken: no answer comes before it")
        return links

    def configuration(self) -> dict[str, Any]:
        """Return the content of a configuration file: worker types that are declared here, and the workflow.

        Whether content types make a chain is the manager's to judge, who knows the other worker types too.

        Raises:
            DeclarationError: the canvas is no chain of worker types and groups of them, or a worker type does
                not say which contents a manager may send to it.
        """
        links = self.links()
        workers = list(dict.fromkeys(name for link in links for name in link.workers))
        items = [_worker(declare.find(name)) for name in workers if name in declare.declared_types()]
        value = {
            "workflowType": self.workflow_type,
            "keepErrors": self.keep_errors,
            "priority": self.priority,
            "steps": [self._step(link) for link in links],
        }
        value |= {KEEP_HEADERS: True} if self.keep_headers else {}
        items.append({"key": _WORKFLOW, "value": value})
        module = {"module": {"id": "workermanager"}, "resetBeforeImport": False, "configuration": items}
        return {"microservice": "rs-worker-manager", "modules": [module]}

    def _step(self, link: Link) -> dict[str, Any]:
        written: dict[str, Any] = {"stepNumber": link.number * _STRIDE}
        if len(link.workers) > 1:
            written["workerTypes"] = list(link.workers)
            gathered = self.gathered.get(link.number)
            return written | ({"contentTypeOutput": gathered} if gathered is not None else {})
        written["workerType"] = link.workers[0]
        if link.condition:
            written[ONLY_IF] = link.condition.to_json()
        if link.repeat:
            back_to = link.repeat.back_to
            numbered = replace(link.repeat, back_to=back_to and back_to * _STRIDE)
            written[REPEAT] = numbered.to_json()
        return written

    def _link(self, number: int, link: Any) -> Link:
        if link.subtask_type == "group":
            return Link(number, self._members(link))
        name = self._name(link, may_have=_TOLD)
        condition, told = link.kwargs.get(ONLY_IF), link.kwargs.get(REPEAT)
        loop = Repeat.from_json(told) if told else None
        if loop and told[ROUND_STEPS]:
            loop = replace(loop, back_to=number - len(told[ROUND_STEPS]))
        return Link(number, (name,), Condition.from_json(condition) if condition else None, loop)

    def _members(self, link: Any) -> tuple[str, ...]:
        members = tuple(self._name(task, may_have=_TOLD_MEMBERS) for task in link.tasks)
        if not _LEAST_MEMBERS <= len(members) <= _MOST_MEMBERS:
            raise self._wrong(
                f"a group has {_LEAST_MEMBERS} to {_MOST_MEMBERS} worker types, got {len(members)}"
            )
        return members

    def _name(self, task: Any, may_have: frozenset[str]) -> str:
        if task.subtask_type or not task.task.startswith(_TASKS):
            raise self._wrong(f"a step is a worker type, or a group of them, not {task.task}")
        name: str = task.task.removeprefix(_TASKS)
        if task.args or task.options or not may_have.issuperset(task.kwargs):
            raise self._wrong(
                f"worker type {name!r} has arguments, options or links; a step takes what the one before "
                "made, and may have a condition or end a loop unless it is one of a group"
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


def _tasks(link: Any) -> list[Any]:
    return list(link.tasks) if link.subtask_type == "group" else [link]


def _keeping(link: Any) -> Any:
    """Return a link of a canvas whose fleet keeps additional headers."""
    if link.subtask_type == "group":
        return group([_keeping(task) for task in link.tasks])
    told: dict[str, Any] = {KEEP_HEADERS: True}
    loop: Mapping[str, Any] | None = link.kwargs.get(REPEAT)
    if loop:
        told[REPEAT] = {**loop, ROUND_STEPS: [_keeping(signature(one)) for one in loop[ROUND_STEPS]]}
    return link.clone(kwargs=told)


def _worker(entry: declare.WorkerType) -> dict[str, Any]:
    if not entry.content_types:
        raise DeclarationError(
            f"Worker type {entry.name!r} says no content_types: which contents may a manager send to it?"
        )
    value: dict[str, Any] = {"workerType": entry.name, "contentTypeInputs": list(entry.content_types)}
    if entry.content_type_output is not None:
        value["contentTypeOutput"] = entry.content_type_output
    return {"key": _WORKER, "value": value}
