"""Spans of the past, as the SDK records them."""

from datetime import timedelta

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from regards_processing.kernel.observability.open_telemetry import OpenTelemetryRecorder
from regards_processing.kernel.observability.tracing import Kind, PastSpan
from tests.factories.worker_manager import AT
from tests.fakes.traces import Traces
from workers.contract.trace_parent import TraceParent

_IDS = TraceParent(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7", sampled=True)


def _span(**fields: object) -> PastSpan:
    usual: dict[str, object] = {
        "name": "request scene",
        "kind": Kind.CONSUMER,
        "ids": _IDS,
        "parent_id": None,
        "start": AT,
        "end": AT + timedelta(microseconds=1),
        "attributes": {"regards.tenant": "demo"},
    }
    return PastSpan(**(usual | fields))  # type: ignore[arg-type] # a test says only what it is about


def test_it_records_a_span_with_the_ids_and_times_that_it_had() -> None:
    traces = Traces()
    traces.recorder.record([_span()])
    (seen,) = traces.spans
    assert (seen.trace_id, seen.span_id, seen.parent_id) == (_IDS.trace_id, _IDS.span_id, None)
    assert (seen.start, seen.end - seen.start) == (int(AT.timestamp()) * 10**9, 1000)
    assert (seen.kind, seen.failed, seen.attributes) == ("CONSUMER", False, {"regards.tenant": "demo"})


def test_it_records_what_is_above_a_span() -> None:
    traces = Traces()
    traces.recorder.record([_span(parent_id="1" * 16)])
    assert traces.spans[0].parent_id == "1" * 16


def test_it_never_lets_a_span_end_before_it_begins() -> None:
    traces = Traces()
    traces.recorder.record([_span(end=AT - timedelta(seconds=3))])
    assert traces.spans[0].end == traces.spans[0].start


def test_it_cuts_long_errors() -> None:
    traces = Traces()
    traces.recorder.record([_span(error="x" * 5000)])
    assert traces.spans[0].message == "x" * 1000


def test_it_begins_a_trace_of_its_own() -> None:
    recorder = Traces().recorder
    first, second = (recorder.begin(name="request scene", parent=None) for _ in range(2))
    assert first.sampled
    assert first.trace_id != second.trace_id
    assert TraceParent.parse(first.to_header()) == first


@pytest.mark.parametrize("sampled", [True, False])
def test_it_follows_whoever_began_the_trace(*, sampled: bool) -> None:
    parent = TraceParent(trace_id=_IDS.trace_id, span_id=_IDS.span_id, sampled=sampled)
    begun = Traces().recorder.begin(name="request scene", parent=parent)
    assert (begun.trace_id, begun.sampled) == (_IDS.trace_id, sampled)
    assert begun.span_id != _IDS.span_id


def test_it_leaves_the_choice_of_traces_to_the_standard_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    assert not Traces().recorder.begin(name="request scene", parent=None).sampled


def test_it_does_not_choose_again_when_a_span_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    exporter = InMemorySpanExporter()
    recorder = OpenTelemetryRecorder(processor=SimpleSpanProcessor(exporter), service="s", instance="i")
    recorder.record([_span()])
    assert len(exporter.get_finished_spans()) == 1
