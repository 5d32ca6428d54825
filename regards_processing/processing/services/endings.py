"""End executions: the first final status stays, and each execution has one result."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from regards_processing.kernel.db import rows
from regards_processing.kernel.db.transactions import transaction_required
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.outbox.services import publish_after_commit
from regards_processing.processing import counters
from regards_processing.processing.events.execution_finished import ExecutionFinished
from regards_processing.processing.models import Execution, OutputFile
from regards_processing.processing.states import ExecutionStatus
from regards_processing.processing.steps import MadeFile, Outcome, Step

log = logging.getLogger(__name__)

#: How executions of a cancelled batch end.
CANCELLED_WITH_BATCH: Final = Outcome(
    status=ExecutionStatus.CANCELLED, message="Cancelled: its batch was cancelled"
)
_ENDED = ("status", "steps", "log", "last_updated", "deadline_at", "held", "run_duration", "output_size")


class ExecutionEnded(DomainError):
    """The execution has ended."""

    code = "EXECUTION_ENDED"
    http_status = 409


def finish(*, ended: Sequence[tuple[Execution, Outcome]], at: datetime) -> None:
    """End open executions, which are locked or new, and tell who ordered them; needs an open transaction.

    The places that they had are given to others by `admission.release`, which the caller calls.
    """
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
    counters.ended(executions=[execution for execution, _ in ended])
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


def _end(execution: Execution, outcome: Outcome, at: datetime) -> None:
    registered = execution.steps[:1]
    # What the fleet says of its steps is exact; what was seen of them meanwhile is not.
    steps = [step.to_json() for step in outcome.steps] or execution.steps[1:]
    final = Step(status=outcome.status, at=at, message=outcome.message)
    execution.steps = [*registered, *steps, final.to_json()]
    execution.status = outcome.status
    execution.log = list(outcome.log) or execution.log
    execution.run_duration = final.since(steps[0]) if steps else None
    execution.output_size = sum(file.size for file in outcome.files)
    execution.last_updated, execution.deadline_at, execution.held = at, None, False


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
