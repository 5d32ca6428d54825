"""Worker types that do nothing: what is left is the cost of the platform."""

from typing import Final

from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type

#: The steps of the workflow, in order; the first one alone is the request of one step.
STEPS: Final = ("bench-first", "bench-second", "bench-third")


def _echo(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the signature of a worker type)
    return WorkResult(content=request.content)


for _name in STEPS:
    worker_type(_name, version="1")(_echo)
