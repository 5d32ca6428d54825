"""The rows of branches: read with their requests, stored with them. Requests without any cost nothing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.db.models.functions import Length

from regards_processing.kernel.db import rows
from worker_manager.forks import Fork
from worker_manager.models import Branch, Request
from worker_manager.queries import LiveTypes
from worker_manager.states import UNDER_WAY, RequestStatus
from worker_manager.workflow_plan import Plan, PlanStep
from workers.contract.stored_content import Content, StoredContent

_KEY: Final = (
    "tenant",
    "request",
    "step_number",
    "position",
    "step_worker_type",
    "content_type",
    "priority",
)
_LIGHT: Final = (
    "status",
    "attempt",
    "lost_attempts",
    "dispatched_to_celery",
    "due_at",
    "moved_at",
    "deadline_at",
    "worker_id",
    "error",
    "trail",
)
_RESULT: Final = ("content", "stored_content", "headers")
_KNOWN: Final = "their requests were read before"
#: A branch, by request and position or attempt.
BranchKey = tuple[int, int]


def load(*, requests: Iterable[Request]) -> None:
    """Give locked requests that are at a parallel step their branches; one statement if there are any."""
    steps = {
        request.pk: (request, step)
        for request in requests
        if _is_parallel(request) and (step := _current_step(request)).members
    }
    if not steps:
        return
    found = Branch.objects.across_tenants(because=_KNOWN).filter(request__in=steps).order_by("position")
    stored: dict[int, dict[int, tuple[int, tuple[Any, ...]]]] = {}
    made: Counter[int] = Counter()
    for pk, request_id, number, position, size, *values in found.values_list(
        "pk", "request_id", "step_number", "position", Length("content"), *_LIGHT
    ):
        if number == steps[request_id][1].number:
            stored.setdefault(request_id, {})[position] = pk, tuple(values)
            made[request_id] += size or 0
    for request_id, branches in stored.items():
        request, step = steps[request_id]
        request.fork = Fork(
            step=step,
            branches=[
                _read(request, step.member(position), values) for position, (_, values) in branches.items()
            ],
            counted=request.attempt,
            stored=branches,
            made_size=made[request_id],
        )


def begin(*, request: Request, step: PlanStep) -> Fork:
    """Return the branches of a step that a request comes to; they are stored with it."""
    return Fork(
        step=step,
        branches=[_as_request(request, step.member(place)) for place, _ in enumerate(step.members)],
        counted=request.attempt,
        begun=True,
    )


def store(*, requests: Sequence[Request]) -> None:
    """Store the branches of requests that were moved, and drop those of steps that they have left."""
    parallel = [request for request in requests if _is_parallel(request)]
    if not parallel:
        return
    forget(requests=[request for request in parallel if request.fork is None or request.fork.begun])
    begun = []
    for request in parallel:
        for position, branch in enumerate(_begun(request)):
            branch.pk = request.pk
            begun.append(
                [
                    request.tenant_id,
                    request.pk,
                    branch.step_number,
                    position,
                    branch.step_worker_type,
                    branch.content_type,
                    request.priority,
                    *_light(branch),
                ]
            )
    rows.insert(model=Branch, columns=[*_KEY, *_LIGHT], rows=begun)
    for columns, changed in _changes(parallel).items():
        rows.update(model=Branch, columns=columns, rows=changed)


def forget(*, requests: Sequence[Request]) -> None:
    """Drop the branches of requests that have left their step, or the table."""
    left = [request.pk for request in requests if _is_parallel(request)]
    if left:
        Branch.objects.across_tenants(because=_KNOWN).filter(request__in=left).delete()


def takeable(*, tenant_ids: Collection[int], live: LiveTypes, at: datetime, most: int) -> list[int]:
    """Return the requests of branches that need not wait any longer, at most so many."""
    branches = Branch.objects.of_tenants(tenant_ids).filter(request__status__in=sorted(UNDER_WAY))
    waiting = Q(status=RequestStatus.NO_WORKER_AVAILABLE, step_worker_type__in=list(live))
    due = Q(status=RequestStatus.TO_DISPATCH, due_at__lte=at)
    found = branches.filter(waiting | due).order_by("request_id")
    return list(dict.fromkeys(found.values_list("request_id", flat=True)[:most]))


def dispatches(*, requests: Sequence[Request], condition: Q) -> frozenset[BranchKey]:
    """Return request and attempt of the branches of requests that meet a condition."""
    found = Branch.objects.across_tenants(because=_KNOWN).filter(condition, request__in=_keys(requests))
    return frozenset(found.values_list("request_id", "attempt"))


def results(*, requests: Sequence[Request]) -> Mapping[BranchKey, tuple[Content, Mapping[str, str] | None]]:
    """Return content and headers that the branches of requests have made, those read before included."""
    found = Branch.objects.across_tenants(because=_KNOWN).filter(request__in=_keys(requests))
    stored = found.filter(status=RequestStatus.SUCCESS).values_list("request_id", "position", *_RESULT)
    made: dict[BranchKey, tuple[Content, Mapping[str, str] | None]] = {
        (request_id, position): (_content(content, reference), headers)
        for request_id, position, content, reference, headers in stored
    }
    for request in requests:
        for position, branch in enumerate(request.fork.branches if request.fork else ()):
            if branch.content is not None:
                made[request.pk, position] = _content(branch.content, branch.stored_content), branch.headers
    return made


def _content(content: bytes | memoryview | None, reference: Mapping[str, Any] | None) -> Content:
    return bytes(content or b"") if reference is None else StoredContent.from_json(reference)


def _keys(requests: Sequence[Request]) -> list[int]:
    return [request.pk for request in requests]


def _begun(request: Request) -> Sequence[Request]:
    return request.fork.branches if request.fork is not None and request.fork.begun else ()


def _is_parallel(request: Request) -> bool:
    return request.plan is not None and "parallel" in request.plan


def _current_step(request: Request) -> PlanStep:
    return Plan.from_json(request.plan or {}).step(request.step_number) or PlanStep(0, "")


def _as_request(request: Request, member: PlanStep) -> Request:
    """Return a branch: the request, as far as one of its members has to do with it."""
    branch = Request(
        pk=request.pk,
        tenant_id=request.tenant_id,
        request_id=request.request_id,
        creation_date=request.creation_date,
        content_type=request.content_type,
        source=request.source,
        session=request.session,
        status=RequestStatus.TO_DISPATCH,
        step_number=member.number,
        repeats=request.repeats,
        step_worker_type=member.worker_type,
        plan=Plan(steps=(member,)).to_json(),
        headers=request.headers,
        parent_dispatch=request.parent_dispatch,
        moved_at=request.moved_at,
        priority=request.priority,
        trace=request.trace,
    )
    branch.trunk = request
    given = request.__dict__.get("content")
    # What its worker gets, where this is not in the table yet.
    branch.original_content = request.__dict__.get("original_content", b"") if given is None else given
    return branch


def _read(request: Request, member: PlanStep, values: Sequence[Any]) -> Request:
    branch = _as_request(request, member)
    for name, value in zip(_LIGHT, values, strict=True):
        setattr(branch, name, value)
    branch.dispatched_worker_type = member.worker_type if branch.attempt else None
    return branch


def _light(branch: Request) -> tuple[Any, ...]:
    return tuple(getattr(branch, name) for name in _LIGHT)


def _changes(requests: Sequence[Request]) -> dict[tuple[str, ...], list[list[Any]]]:
    """Return the rows that changed, by their columns: the results are written once, they may be big."""
    changes: dict[tuple[str, ...], list[list[Any]]] = {}
    for request in requests:
        if request.fork is None:
            continue
        for position, (pk, before) in request.fork.stored.items():
            branch = request.fork.branches[position]
            values = _light(branch)
            if values == before:
                continue
            columns = _LIGHT if branch.content is None else (*_LIGHT, *_RESULT)
            others = [] if branch.content is None else [getattr(branch, name) for name in _RESULT]
            changes.setdefault(columns, []).append([pk, *values, *others])
    return changes
