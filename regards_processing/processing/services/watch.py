"""Watch open executions: how far they are, whether their time is over, and whether they have a place."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.parts import done_together
from regards_processing.processing.execution_order import WORKER_TYPE
from regards_processing.processing.models import Execution
from regards_processing.processing.queries import locked_executions
from regards_processing.processing.services.admission import release_all
from regards_processing.processing.services.cancellation import end_cancelled, end_early
from regards_processing.processing.services.outcomes import is_uuid
from regards_processing.processing.services.submissions import start_deadline, time_limit
from regards_processing.processing.states import ExecutionStatus
from regards_processing.processing.steps import Outcome, Step
from worker_manager.services.liveness import vouching
from worker_manager.services.progress import Progress, running_requests
from worker_manager.services.whereabouts import Whereabouts, whereabouts
from workers.processes.spoken import divided

_EVERYBODY = "the platform watches the executions of every tenant"
#: What a fleet says when it begins with an execution (contract 6.3).
_PREPARING = "| Load input files into workdir"
_SEEN = ("status", "steps", "log", "last_updated", "deadline_at", "attempt")


def look_after(*, at: datetime) -> int:
    """Do all that open executions need from time to time, each part by itself; return how many moved."""
    parts = (note_progress, end_overdue, end_cancelled, release_all)
    return done_together([partial(part, at=at) for part in parts], action="execution.watch_failed")


def note_progress(*, at: datetime) -> int:
    """Take over what fleets said of their work, page by page; return how many executions moved."""
    moved, after = 0, 0
    source, limit = topology.PROCESSING_OWNER, settings.SWEEP_PAGE
    while page := running_requests(worker_type=WORKER_TYPE, source=source, after=after, limit=limit):
        moved += _note_page(page, at)
        after = page[-1].key
    return moved


def end_overdue(*, at: datetime) -> int:
    """End the executions whose time is over, page by page; return how many.

    One that its fleet handed back, or that the managers may only not have heard the end of, has more time.
    """
    ended = 0
    while (page := _end_page(at)) is not None:
        ended += page
    return ended


@transaction
def _end_page(at: datetime) -> int | None:
    """End or prolong a page of executions whose deadline has passed; return how many ended, if any had."""
    overdue = Execution.objects.across_tenants(because=_EVERYBODY).filter(deadline_at__lt=at)
    # In the order of their index: PostgreSQL may know nothing of them yet.
    ids = overdue.order_by("deadline_at").values_list("pk", flat=True)[: settings.SWEEP_PAGE]
    found = locked_executions(ids=list(ids), skip_locked=True)
    page = [each for each in found if each.deadline_at is not None and each.deadline_at < at]
    if not page:
        return None
    keys = {(each.tenant_id, str(each.pk)) for each in page if not each.held}
    requests = whereabouts(source=topology.PROCESSING_OWNER, keys=keys)
    heard = vouching(at=at).exists()
    ended, prolonged = [], []
    for execution in page:
        request = requests.get((execution.tenant_id, str(execution.pk)))
        until = None if execution.held else _goes_on_until(execution, request, heard=heard, at=at)
        if until is None:
            ended.append((execution, _timed_out(execution, request)))
        else:
            prolonged.append([execution.pk, until])
    rows.update(model=Execution, columns=("deadline_at",), rows=prolonged)
    end_early(ended=ended, at=at)
    return len(ended)


def _goes_on_until(
    execution: Execution, request: Whereabouts | None, *, heard: bool, at: datetime
) -> datetime | None:
    """Return until when an execution may go on whose deadline has passed; nothing when its time is over."""
    later = at + timedelta(seconds=settings.EXECUTION_TIMEOUT_GRACE)
    if execution.status == ExecutionStatus.REGISTERED and (request is None or request.awaits_worker):
        return None
    if request is None or request.has_ended:
        # Its answer is on the way, or `lost_executions` ends it.
        return later
    if request.awaits_worker:
        # Its fleet handed it back, or died: no time of its own runs before another one begins.
        start = start_deadline(request.since)
        return start if start > at else None
    # It may be us who are deaf, or have not looked at this attempt yet.
    return None if heard and request.attempt == execution.attempt else later


def _timed_out(execution: Execution, request: Whereabouts | None) -> Outcome:
    if execution.held:
        message = f"No place was free for it within {settings.EXECUTION_START_TIMEOUT} s"
    elif execution.status == ExecutionStatus.REGISTERED:
        message = f"No fleet began with it within {settings.EXECUTION_START_TIMEOUT} s"
    elif request is not None and request.awaits_worker:
        message = f"No fleet went on with it within {settings.EXECUTION_START_TIMEOUT} s"
    else:
        message = f"It was not over {time_limit(execution.expected_duration):g} s after its fleet began"
    return Outcome(status=ExecutionStatus.TIMED_OUT, message=message)


@transaction
def _note_page(page: Sequence[Progress], at: datetime) -> int:
    said = {(each.tenant, each.request_id): each for each in page if is_uuid(each.request_id)}
    found = locked_executions(ids=[UUID(request_id) for _, request_id in said], skip_locked=True)
    # Whatever else has such an id is no request of the execution.
    own = [(each, said[key]) for each in found if (key := (each.tenant_id, str(each.pk))) in said]
    moved = [execution for execution, progress in own if _note(execution, progress, at)]
    values = [[each.pk, *(getattr(each, name) for name in _SEEN)] for each in moved]
    rows.update(model=Execution, columns=_SEEN, rows=values)
    return len(moved)


def _note(execution: Execution, progress: Progress, at: datetime) -> bool:
    """Take over one sign of life; return whether it says anything new."""
    texts, lines = divided(progress.message or "", execution_id=str(execution.pk))
    is_seen = execution.attempt == progress.attempt
    # Of releases before, nobody knows which attempt was seen.
    begins_again = not is_seen and execution.attempt > 0
    steps = _new_steps(ExecutionStatus.REGISTERED if begins_again else execution.status, texts, progress.at)
    execution.attempt = progress.attempt
    if steps:
        execution.steps = [*execution.steps, *(step.to_json() for step in steps)]
        execution.status, execution.last_updated = steps[-1].status, steps[-1].at
        limit = time_limit(execution.expected_duration) + settings.EXECUTION_TIMEOUT_GRACE
        execution.deadline_at = at + timedelta(seconds=limit)
    is_log_new = bool(lines) and execution.log != lines
    if is_log_new:
        # The last lines take the place of those before them: what is kept of a log has an end.
        execution.log = lines
    return bool(steps) or is_log_new or not is_seen


def _new_steps(known: str, texts: Sequence[str], at: datetime) -> list[Step]:
    """Return the steps since a status that is known, if the execution is in another one by now."""
    told = [Step(status=_status_of(text), at=at, message=text) for text in texts]
    # A program that writes much leaves no step among what was said last.
    reached = told[-1].status if told else ExecutionStatus.RUNNING
    if known == reached:
        return []
    new = told if known == ExecutionStatus.REGISTERED else told[-1:]
    return new or [Step(status=reached, at=at)]


def _status_of(text: str) -> ExecutionStatus:
    return ExecutionStatus.PREPARE if text.endswith(_PREPARING) else ExecutionStatus.RUNNING
