"""Every part of a request is recorded once, and a trace never stands in the way of its request."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from regards_processing.kernel.db.transactions import rehearsal
from regards_processing.kernel.observability.open_telemetry import OpenTelemetryRecorder
from regards_processing.kernel.observability.tracing import PastSpan, recording_with
from tests.factories.messages import a_submission, an_answer, submissions
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, later, live_workers, the_request
from tests.fakes.engine import Engine, committing
from tests.fakes.jobs_office import Office
from tests.fakes.operators import delete, retry
from tests.fakes.traces import Traces, recorded
from worker_manager.models import Request
from worker_manager.services.submission import submit_requests

pytestmark = pytest.mark.django_db


@pytest.fixture
def traces() -> Iterator[Traces]:
    with recorded() as found:
        yield found


class Broken(OpenTelemetryRecorder):
    """Cannot record what is over."""

    def record(self, spans: Sequence[PastSpan]) -> None:
        raise ValueError(f"no span today, {len(spans)} lost")


def test_it_records_an_answer_once_however_often_it_comes(engine: Engine, traces: Traces) -> None:
    request = a_dispatched_workflow(engine)
    answer = an_answer("SUCCESS", content=b"1", dispatch_id=request.dispatch_id)
    engine.answer(answer, answer)
    engine.answer(answer)
    assert traces.names() == ["dispatch unzip-worker"]


def test_it_begins_one_trace_for_a_request_that_is_delivered_again(engine: Engine, traces: Traces) -> None:
    a_dispatched_request(engine)
    stamped = the_request().trace
    engine.submit(a_submission(redelivered=True))
    assert (the_request().trace, traces.spans) == (stamped, [])


def test_it_records_a_request_that_ends_in_one_bulk(engine: Engine, traces: Traces) -> None:
    a_dispatched_request(engine)
    engine.answer(an_answer("RUNNING"), an_answer("SUCCESS"), an_answer("SUCCESS"))
    assert traces.trees == [("request unzip", [("dispatch unzip-worker", [])])]


@pytest.mark.usefixtures("engine")
def test_it_records_nothing_of_what_is_rolled_back(traces: Traces) -> None:
    a_tenant(skipped=["unzip"])
    with committing(execute=True), rehearsal():
        submit_requests(submissions=[a_submission()], at=AT, max_bytes=1000)
    assert traces.spans == []


def test_it_records_another_run_below_the_first(engine: Engine, office: Office, traces: Traces) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("ERROR", messages=["disk full"]), at=later(1))
    retry(office, request.tenant)
    engine.answer(an_answer("SUCCESS"), at=later(60))
    assert traces.trees == [
        (
            "request unzip",
            [
                ("dispatch unzip-worker", []),
                ("retry unzip", [("dispatch unzip-worker", [])]),
            ],
        )
    ]
    first, again = traces.one("request unzip"), traces.one("retry unzip")
    assert (first.failed, again.failed) == (True, False)
    assert again.attributes["regards.correlation_id"]


def test_it_tells_the_worker_of_another_run_its_own_dispatch(
    engine: Engine, office: Office, traces: Traces
) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"))
    retry(office, request.tenant)
    (sent,) = engine.dispatches()
    engine.answer(an_answer("SUCCESS"))
    assert traces.spans[-2].span_id in sent.headers["traceparent"]


def test_it_ends_the_trace_of_a_request_that_is_deleted(
    engine: Engine, office: Office, traces: Traces
) -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    engine.submit(a_submission())
    delete(office, tenant)
    assert [(span.name, span.status) for span in traces.spans] == [
        ("wait unzip-worker", "NO_WORKER_AVAILABLE"),
        ("request unzip", "TO_DELETE"),
    ]


def test_it_does_not_end_a_trace_twice_when_a_failed_request_is_deleted(
    engine: Engine, office: Office, traces: Traces
) -> None:
    request = a_dispatched_request(engine)
    engine.answer(an_answer("ERROR"))
    delete(office, request.tenant)
    assert traces.names() == ["dispatch unzip-worker", "request unzip"]


def test_it_leaves_requests_alone_that_came_while_tracing_was_off(engine: Engine) -> None:
    a_dispatched_request(engine)
    with recorded() as traces:
        engine.answer(an_answer("RUNNING"))
        engine.answer(an_answer("ERROR"))
    assert (the_request().trace, traces.spans) == (None, [])


def test_it_sends_no_trace_while_tracing_is_off(engine: Engine) -> None:
    with recorded():
        a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b"1"))
    assert all("traceparent" not in message.headers for message in engine.broker.published)


def test_it_records_no_part_that_a_manager_without_tracing_has_ended(engine: Engine) -> None:
    with recorded():
        a_dispatched_workflow(engine)
    engine.answer(an_answer("SUCCESS", content=b"1"))
    with recorded() as traces:
        engine.answer(an_answer("RUNNING"))
        engine.answer(an_answer("SUCCESS", content=b"2"))
    assert traces.names() == ["request ingest"]


@pytest.mark.parametrize("stamp", ["", "{}", "[1]", '{"ids":"garbage","phase":null,"since":"x"}'])
def test_it_goes_on_with_a_request_whose_trace_cannot_be_read(
    engine: Engine, traces: Traces, stamp: str
) -> None:
    a_dispatched_request(engine)
    every(Request).update(trace=stamp)
    engine.answer(an_answer("SUCCESS"))
    assert (engine.states(), traces.spans) == ([("r-1", "SUCCESS")], [])


def test_it_goes_on_when_spans_cannot_be_recorded(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    processor = SimpleSpanProcessor(InMemorySpanExporter())
    with recording_with(Broken(processor=processor, service="tested", instance="tested-1")):
        a_dispatched_request(engine)
        engine.answer(an_answer("SUCCESS"))
    assert engine.states() == [("r-1", "SUCCESS")]
    assert "no span today, 2 lost" in caplog.text


def _statements(action: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        action()
    return sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries)


@pytest.mark.parametrize("count", [1, 200])
@pytest.mark.usefixtures("statements_apart")
def test_it_costs_no_statement(engine: Engine, traces: Traces, count: int) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    # As without traces: see test_statement_count.
    assert _statements(lambda: engine.submit(*submissions(count))) == 8
    answers = {
        status: [an_answer(status, request_id=f"r-{number}") for number in range(count)]
        for status in ("RUNNING", "REDELIVERED", "SUCCESS")
    }
    assert _statements(lambda: engine.answer(*answers["RUNNING"])) == 5
    assert _statements(lambda: engine.answer(*answers["REDELIVERED"])) == 8
    assert _statements(lambda: engine.answer(*answers["SUCCESS"])) == 8
    assert len(traces.spans) == 3 * count
