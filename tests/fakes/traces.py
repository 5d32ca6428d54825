"""Spans in memory, and the trees that they make, wherever they were collected."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from regards_processing.kernel.observability.open_telemetry import OpenTelemetryRecorder
from regards_processing.kernel.observability.tracing import recording_with

#: A span's name, and the trees below it, in the order of their starts.
Tree = tuple[str, list["Tree"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A span as it was collected."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str | None
    #: Nanoseconds since 1970.
    start: int
    end: int
    attributes: Mapping[str, Any]
    kind: str
    failed: bool
    message: str | None
    events: Sequence[str]
    service: str

    @classmethod
    def of(cls, span: ReadableSpan) -> Self:
        ids = span.get_span_context()
        assert ids is not None
        return cls(
            name=span.name,
            trace_id=f"{ids.trace_id:032x}",
            span_id=f"{ids.span_id:016x}",
            parent_id=None if span.parent is None else f"{span.parent.span_id:016x}",
            start=span.start_time or 0,
            end=span.end_time or 0,
            attributes=span.attributes or {},
            kind=span.kind.name,
            failed=span.status.status_code.name == "ERROR",
            message=span.status.description,
            events=[event.name for event in span.events],
            service=str(span.resource.attributes["service.name"]),
        )

    @property
    def status(self) -> Any:
        """How it ended, in our words."""
        return self.attributes.get("regards.status")


def trees(spans: Sequence[Seen]) -> list[Tree]:
    """Return the trees of spans; one whose parent is not among them is a root."""
    known = {span.span_id for span in spans}
    return _below([span for span in spans if span.parent_id not in known], spans)


def _below(roots: Sequence[Seen], spans: Sequence[Seen]) -> list[Tree]:
    ordered = sorted(roots, key=lambda span: (span.start, span.end, span.name))
    return [
        (root.name, _below([span for span in spans if span.parent_id == root.span_id], spans))
        for root in ordered
    ]


class Traces:
    """What was recorded so far, oldest first."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.recorder = OpenTelemetryRecorder(
            processor=SimpleSpanProcessor(self._exporter), service="tested", instance="tested-1"
        )

    @property
    def spans(self) -> list[Seen]:
        return [Seen.of(span) for span in self._exporter.get_finished_spans()]

    @property
    def trees(self) -> list[Tree]:
        return trees(self.spans)

    def names(self) -> list[str]:
        return [span.name for span in self.spans]

    def one(self, name: str) -> Seen:
        """Return the only span that has a name."""
        (span,) = [span for span in self.spans if span.name == name]
        return span


@contextmanager
def recorded() -> Iterator[Traces]:
    """Record everything that this process does meanwhile."""
    traces = Traces()
    with recording_with(traces.recorder):
        yield traces
