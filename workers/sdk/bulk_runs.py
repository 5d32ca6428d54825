"""Runs a bulk: one call of the function, an outcome for each request."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from workers.contract.work_request import WorkRequest
from workers.sdk.calling import BulkFunction, Outcome, checked_outcome
from workers.sdk.checkpoints import Checkpoint
from workers.sdk.config import WorkerConfig
from workers.sdk.context import RequestLog, WorkContext
from workers.sdk.errors import Cancelled, InvalidCheckpoint
from workers.sdk.secret_files import SecretFiles
from workers.sdk.tracing import Tracing
from workers.sdk.workspace import Workspace

_log: Final = logging.getLogger(__name__)


class NoCheckpoint(Checkpoint):
    """That of a bulk: the next attempt of a request comes with other companions."""

    @property
    def file(self) -> Any:
        """Tell that there is none.

        Raises:
            InvalidCheckpoint: always.
        """
        raise InvalidCheckpoint("Work on a bulk has no checkpoint")


def outcomes(
    *,
    function: BulkFunction,
    worker_type: str,
    requests: Sequence[WorkRequest],
    config: WorkerConfig,
    tracing: Tracing,
    stopped: Callable[[], bool],
) -> list[Outcome]:
    """Run a bulk and return the outcome of each request, in order; what the function raises comes through.

    Raises:
        Cancelled: nobody awaits any of the results.
        InvalidResult: the function returned something else than an outcome for each.
    """
    if stopped():
        raise Cancelled
    log = RequestLog(_log, {"worker_type": worker_type, "requests": len(requests)})
    spans = [tracing.run(worker_type=worker_type, request=request) for request in requests]
    for span in spans:
        span.__enter__()
    with Workspace(parent=config.workdir, quota=config.workdir_quota) as workspace:
        context = WorkContext(
            log=log,
            storage=config.storage,
            file_roots=config.file_roots,
            workspace=workspace,
            report=lambda line: log.info("progress: %s", line, extra={"action": "work.progress"}),
            stopped=stopped,
            checkpoint=NoCheckpoint(folder=config.checkpoints, worker_type=worker_type, request=requests[0]),
            secrets=SecretFiles(config.secrets),
        )
        found: list[Outcome] = []
        try:
            found = [
                checked_outcome(one, maximum=config.max_content) for one in function.bulk(requests, context)
            ]
        finally:
            # In the order that their nesting asks for.
            for position in reversed(range(len(spans))):
                ended = found[position] if found else None
                error = ended if isinstance(ended, Exception) else None
                spans[position].__exit__(type(error) if error else None, error, None)
    return found
