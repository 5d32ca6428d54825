"""Two worker types to load."""

from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type


@worker_type("one", version="1.0")
def one(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Do nothing."""
    return WorkResult()


@worker_type("two", version="1.0")
def two(_request: WorkRequest, _context: WorkContext) -> WorkResult:
    """Do nothing."""
    return WorkResult()
