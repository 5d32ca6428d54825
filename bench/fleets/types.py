"""Worker types that do nothing: one request a call, and a hundred."""

from collections.abc import Sequence
from typing import Final

from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type

SINGLE: Final = "bench-single"
BULK: Final = "bench-bulk"
BULK_SIZE: Final = 100


@worker_type(SINGLE, version="1")
def single(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the signature of a worker type)
    """Return what came in."""
    return WorkResult(content=request.content)


@worker_type(BULK, version="1", bulk=BULK_SIZE)
def bulk(requests: Sequence[WorkRequest], context: WorkContext) -> list[WorkResult]:  # noqa: ARG001 (the signature)
    """Return what came in."""
    return [WorkResult(content=request.content) for request in requests]
