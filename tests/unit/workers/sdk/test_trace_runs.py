"""The span that a fleet records around a run."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.observability import opentelemetry_sdk as sdk
from workers.sdk import InvalidContent, RetryLater, WorkContext, WorkResult, worker_type
from workers.sdk.config import WorkerConfig
from workers.sdk.run_spans import RunSpans
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing

_DISPATCH = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_RAISED = {
    b"wrong": InvalidContent("no geometry"),
    b"later": RetryLater(after=5, reason="tape is busy"),
    b"broken": ValueError("the sky is not blue"),
}


@worker_type("traced", version="1")
def _traced(request: WorkRequest, context: WorkContext) -> WorkResult:  # noqa: ARG001 (the SDK's signature)
    """Say something to whatever span it runs in, and do as it is told."""
    trace.get_current_span().set_attribute("acme.scenes", 3)
    if request.content in _RAISED:
        raise _RAISED[request.content]
    return WorkResult(content=request.content)


class Recording(Tracing):
    """Tracing that keeps its spans."""

    def __init__(self, *, config: WorkerConfig, spans: RunSpans) -> None:
        super().__init__(config=config)
        self._recording = spans

    def run(self, *, worker_type: str, request: WorkRequest) -> AbstractContextManager[None]:
        return self._recording.run(worker_type=worker_type, request=request)


class Fleet:
    """Runs requests in this process and keeps the spans."""

    def __init__(self, folder: Path) -> None:
        self._exporter = InMemorySpanExporter()
        processor = SimpleSpanProcessor(self._exporter)
        provider = sdk.provider(processor, service="regards-worker", instance="w-7")
        config = WorkerConfig.from_env({"REGARDS_VAR": str(folder), "WORKER_ID": "w-7"})
        spans = RunSpans(processor=processor, provider=provider, worker_id="w-7")
        self.runner = Runner(config=config, announce=_unheard, tracing=Recording(config=config, spans=spans))

    def run(self, content: bytes = b"{}", *, trace_parent: str | None = _DISPATCH) -> WorkAnswer:
        request = WorkRequest(
            tenant="demo",
            request_id="r-1",
            content_type="scene",
            content=content,
            headers={},
            dispatch_id="7:1:2",
            trace_parent=trace_parent,
        )
        return self.runner.answer(worker_type="traced", request=request)

    @property
    def span(self) -> ReadableSpan:
        """The one run's."""
        (span,) = self._exporter.get_finished_spans()
        return span


def _unheard(_answer: WorkAnswer) -> None:
    """Nobody listens."""


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_it_records_a_run_below_its_dispatch(fleet: Fleet) -> None:
    assert fleet.run().status is AnswerStatus.SUCCESS
    span = fleet.span
    assert span.parent is not None
    assert (span.name, span.kind.name) == ("run traced", "CONSUMER")
    assert f"{span.parent.trace_id:032x}-{span.parent.span_id:016x}" in _DISPATCH
    assert span.attributes == {
        "regards.tenant": "demo",
        "regards.request.id": "r-1",
        "regards.request.content_type": "scene",
        "regards.worker_type": "traced",
        "regards.worker_id": "w-7",
        "regards.dispatch_id": "7:1:2",
        "regards.status": "SUCCESS",
        "acme.scenes": 3,
    }
    assert (span.end_time or 0) >= (span.start_time or 0) > 0


@pytest.mark.parametrize("trace_parent", [None, "garbage"])
def test_it_begins_a_trace_for_a_manager_that_sends_none(fleet: Fleet, trace_parent: str | None) -> None:
    fleet.run(trace_parent=trace_parent)
    assert fleet.span.parent is None


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"wrong", AnswerStatus.INVALID_CONTENT, "no geometry"),
        (b"broken", AnswerStatus.ERROR, "ValueError: the sky is not blue"),
    ],
)
def test_it_tells_why_a_run_failed(fleet: Fleet, content: bytes, status: AnswerStatus, message: str) -> None:
    assert fleet.run(content).status is status
    span = fleet.span
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, message)
    assert (span.attributes or {})["regards.status"] == status


def test_it_keeps_the_traceback_of_what_nobody_foresaw(fleet: Fleet) -> None:
    fleet.run(b"broken")
    (event,) = fleet.span.events
    assert "the sky is not blue" in str((event.attributes or {})["exception.stacktrace"])


def test_it_takes_a_postponed_run_for_no_failure(fleet: Fleet) -> None:
    assert fleet.run(b"later").status is AnswerStatus.RETRY_LATER
    assert (fleet.span.status.status_code, fleet.span.events) == (StatusCode.UNSET, ())
    assert (fleet.span.attributes or {})["regards.status"] == AnswerStatus.RETRY_LATER


def test_it_names_the_trace_in_the_log_of_a_run(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    fleet.run(b"broken")
    (record,) = [record for record in caplog.records if record.message == "worker type failed"]
    assert vars(record)["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
