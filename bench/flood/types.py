"""Worker types that take a while."""

import time
from typing import Final

from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type

_TENTH, _WHOLE = "bench-tenth-of-a-second", "bench-whole-second"
#: Seconds that work takes, by worker type.
LASTING: Final = {_TENTH: 0.1, _WHOLE: 1.0}


@worker_type(_TENTH, version="1")
def tenth(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the signature of a worker type)
    """Return what came in, after a tenth of a second."""
    time.sleep(LASTING[_TENTH])
    return WorkResult(content=request.content)


@worker_type(_WHOLE, version="1")
def whole(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the signature of a worker type)
    """Return what came in, after a second."""
    time.sleep(LASTING[_WHOLE])
    return WorkResult(content=request.content)
