"""The SDK of OpenTelemetry, set up for a process. It is an extra: import this only where tracing is on.

Where spans go, how many and with what limits is told by the SDK's own variables, ``OTEL_…``.
"""

import logging
import threading
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from workers.contract.trace_parent import TraceParent
from workers.observability.version import VERSION

#: Seconds that a process which ends waits until its last spans are sent.
LAST_SPANS: Final = 5.0

_log: Final = logging.getLogger(__name__)


def in_batches(choice: str, *, queue: int | None = None) -> SpanProcessor:
    """Return what sends spans in the background; it drops them rather than keep the work waiting.

    Args:
        choice: ``otlp`` or ``console``.
        queue: most spans that wait; ``None`` for the SDK's own default.
    """
    return BatchSpanProcessor(_exporter(choice), max_queue_size=queue)


def _exporter(choice: str) -> SpanExporter:
    if choice == "console":
        return ConsoleSpanExporter(formatter=_line)
    # Console needs less than OTLP.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 (see above)

    return OTLPSpanExporter()


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"


def provider(processor: SpanProcessor, *, service: str, instance: str, **options: Any) -> TracerProvider:
    """Return what makes spans; what ``OTEL_SERVICE_NAME`` and ``OTEL_RESOURCE_ATTRIBUTES`` say wins."""
    ours = {"service.name": service, "service.instance.id": instance, "service.version": VERSION}
    resource = Resource.create(ours).merge(OTELResourceDetector().detect())
    made = TracerProvider(resource=resource, shutdown_on_exit=False, **options)
    made.add_span_processor(processor)
    return made


def close(processor: SpanProcessor, *, within: float = LAST_SPANS) -> None:
    """Send what is left, for so many seconds at most: the SDK itself would wait for half a minute."""
    ending = threading.Thread(target=processor.shutdown, name="last-spans", daemon=True)
    ending.start()
    ending.join(within)
    if ending.is_alive():
        _log.warning("last spans not sent", extra={"action": "tracing.unsent", "after_seconds": within})


def remote(parent: TraceParent | None) -> Any:
    """Return the context of a span of somebody else; without one, a context that has no span."""
    if parent is None:
        return trace.set_span_in_context(trace.INVALID_SPAN)
    return trace.set_span_in_context(NonRecordingSpan(span_context(parent, is_remote=True)))


def span_context(span: TraceParent, *, is_remote: bool) -> SpanContext:
    """Return a span's ids as the SDK has them."""
    return SpanContext(
        trace_id=int(span.trace_id, 16),
        span_id=int(span.span_id, 16),
        is_remote=is_remote,
        trace_flags=TraceFlags(TraceFlags.SAMPLED if span.sampled else TraceFlags.DEFAULT),
    )


def trace_parent(context: SpanContext) -> TraceParent:
    """Return a span's ids as our messages have them."""
    return TraceParent(
        trace_id=trace.format_trace_id(context.trace_id),
        span_id=trace.format_span_id(context.span_id),
        sampled=context.trace_flags.sampled,
    )
