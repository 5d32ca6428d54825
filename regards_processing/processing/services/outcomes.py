"""End executions: the first final status stays, and each execution has one result."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction, transaction_required
from regards_processing.kernel.outbox.services import publish_after_commit
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.events.execution_finished import ExecutionFinished
from regards_processing.processing.models import Execution, OutputFile
from regards_processing.processing.steps import MadeFile, Outcome, Step, UnreadableOutcome
from worker_manager.events.request_answered import RequestAnswered, ResponseState
from worker_manager.services.dropped import Dropped

log = logging.getLogger(__name__)

#: Responses of the engine that say nothing about an end.
_UNDER_WAY = frozenset({ResponseState.GRANTED, ResponseState.DELAYED})
_ENDED = ("status", "steps", "log", "last_updated", "deadline_at")


@transaction
def apply_responses(*, responses: Sequence[RequestAnswered], at: datetime) -> list[Dropped]:
    """End the executions whose requests have ended; return the responses that no execution was found for.

    A response that comes again, or after the end, changes nothing.
    """
    ends = [
        (position, response)
        for position, response in enumerate(responses)
        if response.state not in _UNDER_WAY
    ]
    open_ones = _locked([response for _, response in ends])
    ended: dict[UUID, tuple[Execution, Outcome]] = {}
    dropped = []
    for position, response in ends:
        execution = open_ones.get((response.tenant, response.request_id or ""))
        if execution is None:
            dropped.append(Dropped(position, f"No open execution {response.request_id}"))
        elif execution.pk not in ended:
            ended[execution.pk] = (execution, _outcome(response))
    finish(ended=list(ended.values()), at=at)
    return dropped


def finish(*, ended: Sequence[tuple[Execution, Outcome]], at: datetime) -> None:
    """End open executions, which are locked or new, and tell who ordered them; needs an open transaction."""
    transaction_required()
    if not ended:
        return
    outputs = [_output(execution, made, at) for execution, outcome in ended for made in outcome.files]
    OutputFile.objects.bulk_create(outputs)
    for execution, outcome in ended:
        _end(execution, outcome, at)
    values = [[each.pk, *(getattr(each, name) for name in _ENDED)] for each, _ in ended]
    rows.update(model=Execution, columns=_ENDED, rows=values)
    made_by: dict[UUID, list[OutputFile]] = {}
    for output in outputs:
        made_by.setdefault(output.execution_id, []).append(output)
    results = [_result(execution, outcome, made_by.get(execution.pk, [])) for execution, outcome in ended]
    publish_after_commit(messages=[result.to_message() for result in results], at=at)
    for execution, outcome in ended:
        log.info(
            "execution ended",
            extra={
                "action": "execution.ended",
                "execution_id": str(execution.pk),
                "status": outcome.status.value,
                "reason": outcome.message,
            },
        )


def _locked(responses: Sequence[RequestAnswered]) -> dict[tuple[str, str], Execution]:
    ids = [UUID(response.request_id) for response in responses if is_uuid(response.request_id)]
    tenants = Tenant.objects.filter(name__in={response.tenant for response in responses})
    found = Execution.objects.of_tenants(list(tenants)).open().filter(pk__in=ids)
    executions = found.select_related("tenant").locked()
    return {(each.tenant.name, str(each.pk)): each for each in executions}


def is_uuid(text: str | None) -> bool:
    """Say whether a request id may be that of an execution."""
    try:
        UUID(text or "")
    except ValueError:
        return False
    return True


def _outcome(response: RequestAnswered) -> Outcome:
    if response.state is not ResponseState.SUCCESS:
        return Outcome.failure(" ".join(response.messages))
    try:
        return Outcome.from_answer(response.content)
    except UnreadableOutcome as error:
        return Outcome.failure(str(error))


def _end(execution: Execution, outcome: Outcome, at: datetime) -> None:
    registered = execution.steps[:1]
    # What the fleet says of its steps is exact; what was seen of them meanwhile is not.
    steps = [step.to_json() for step in outcome.steps] or execution.steps[1:]
    final = Step(status=outcome.status, at=at, message=outcome.message)
    execution.steps = [*registered, *steps, final.to_json()]
    execution.status = outcome.status
    execution.log = list(outcome.log) or execution.log
    execution.last_updated, execution.deadline_at = at, None


def _output(execution: Execution, made: MadeFile, at: datetime) -> OutputFile:
    return OutputFile(
        pk=uuid4(),
        tenant_id=execution.tenant_id,
        execution=execution,
        name=made.name,
        url=made.url,
        size=made.size,
        sha256=made.sha256,
        input_correlation_ids=list(made.input_correlation_ids),
        created=at,
    )


def _result(execution: Execution, outcome: Outcome, outputs: Sequence[OutputFile]) -> ExecutionFinished:
    return ExecutionFinished(
        tenant=execution.tenant.name,
        execution_id=execution.pk,
        correlation_id=execution.correlation_id,
        batch_id=execution.batch_id,
        batch_correlation_id=execution.batch_correlation_id,
        process_id=execution.process_id,
        process_info=execution.process_info,
        status=outcome.status,
        message=outcome.message,
        outputs=[output_json(output) for output in outputs],
    )


def output_json(output: OutputFile) -> dict[str, object]:
    """Write an output file as the contract does."""
    return {
        "id": str(output.pk),
        "execId": str(output.execution_id),
        "url": output.url,
        "name": output.name,
        "size": output.size,
        "checksumMethod": "SHA-256",
        "checksumValue": output.sha256,
        "inputCorrelationIds": output.input_correlation_ids,
    }
