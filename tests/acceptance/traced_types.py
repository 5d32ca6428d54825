"""A worker type that records spans of its own, as its authors would."""

from opentelemetry import trace

from workers.sdk import WorkContext, WorkRequest, WorkResult, worker_type


@worker_type("accept-traced", version="1")
def traced(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    with trace.get_tracer("acme").start_as_current_span("read scene"):
        return WorkResult(content=request.content)
