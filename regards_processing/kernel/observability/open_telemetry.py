"""Makes spans of OpenTelemetry. It needs the extra: `tracing` imports it when tracing is on."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import local
from typing import Final

from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from regards_processing.kernel.observability.tracing import Attributes, Kind, PastSpan
from workers.contract.trace_parent import TraceParent
from workers.observability import opentelemetry_sdk as sdk

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_KINDS: Final = {
    Kind.INTERNAL: SpanKind.INTERNAL,
    Kind.PRODUCER: SpanKind.PRODUCER,
    Kind.CONSUMER: SpanKind.CONSUMER,
}
#: Characters of an error that a span tells.
_LONGEST: Final = 1000
_SERVER_ERROR: Final = 500


class OpenTelemetryRecorder:
    """Records spans with the SDK.

    Two providers share what sends the spans. One makes spans of what happens now; its sampler decides what
    is recorded. The other makes spans of the past, with the ids that they were given when they began, and
    without asking again: a sampler need not decide twice in the same way.
    """

    def __init__(self, *, processor: SpanProcessor, service: str, instance: str) -> None:
        self._processor = processor
        self._present = sdk.provider(processor, service=service, instance=instance)
        self._given = _GivenIds()
        self._past = sdk.provider(
            processor, service=service, instance=instance, sampler=ALWAYS_ON, id_generator=self._given
        )

    def begin(self, *, name: str, parent: TraceParent | None) -> TraceParent:
        """Return the ids of a new span, and whether its trace is recorded."""
        ids = self._present.id_generator
        trace_id = ids.generate_trace_id() if parent is None else int(parent.trace_id, 16)
        found = self._present.sampler.should_sample(sdk.remote(parent), trace_id, name, SpanKind.CONSUMER)
        return TraceParent(
            trace_id=f"{trace_id:032x}",
            span_id=f"{ids.generate_span_id():016x}",
            sampled=found.decision is Decision.RECORD_AND_SAMPLE,
        )

    def record(self, spans: Sequence[PastSpan]) -> None:
        """Record spans that are over."""
        for span in spans:
            self._record(span)

    @contextmanager
    def call(self, *, name: str, parent: TraceParent | None) -> Iterator["_Call"]:
        """Record a call of the web process while it is answered."""
        tracer = self._present.get_tracer(__name__)
        with tracer.start_as_current_span(name, context=sdk.remote(parent), kind=SpanKind.SERVER) as span:
            yield _Call(span)

    def close(self) -> None:
        """Send what is left."""
        sdk.close(self._processor)

    def _record(self, span: PastSpan) -> None:
        self._given.use(span.ids)
        parent = None if span.parent_id is None else replace(span.ids, span_id=span.parent_id)
        made = self._past.get_tracer(__name__).start_span(
            span.name,
            context=sdk.remote(parent),
            kind=_KINDS[span.kind],
            attributes=span.attributes,
            start_time=_nanoseconds(span.start),
        )
        for event in span.events:
            made.add_event(event.name, timestamp=_nanoseconds(event.at))
        if span.error is not None:
            made.set_status(Status(StatusCode.ERROR, span.error[:_LONGEST]))
        made.end(_nanoseconds(max(span.start, span.end)))


class _Call:
    """The span of a call."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.ids = sdk.trace_parent(span.get_span_context())

    def answered(self, *, name: str, status: int, attributes: Attributes) -> None:
        """Note what is known at its end."""
        self._span.update_name(name)
        self._span.set_attributes(attributes)
        if status >= _SERVER_ERROR:
            self._span.set_status(Status(StatusCode.ERROR))


class _GivenIds(IdGenerator):
    """Gives a span the ids that were chosen before, each thread its own."""

    def __init__(self) -> None:
        self._next = local()

    def use(self, ids: TraceParent) -> None:
        """Take these for the next span of this thread."""
        self._next.ids = ids

    def generate_span_id(self) -> int:
        """Return the id of the span."""
        return int(self._next.ids.span_id, 16)

    def generate_trace_id(self) -> int:
        """Return the id of the trace, for a span that has no parent."""
        return int(self._next.ids.trace_id, 16)


def opened(*, choice: str, service: str, queue: int) -> OpenTelemetryRecorder:
    """Return what records the spans of this process and sends them as ``choice`` says."""
    return OpenTelemetryRecorder(
        processor=sdk.in_batches(choice, queue=queue),
        service=service,
        instance=f"{socket.gethostname()}-{os.getpid()}",
    )


def _nanoseconds(at: datetime) -> int:
    """Return a time as the SDK has it; through a float it would lose microseconds."""
    return (at - _EPOCH) // _MICROSECOND * 1000
