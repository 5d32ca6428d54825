"""A request is one trace, from the client's message to the last answer, whoever records which part."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from tests.factories.messages import a_beat, a_dead_letter, a_submission, an_answer
from tests.factories.rows import every
from tests.factories.worker_manager import (
    AT,
    a_tenant,
    a_worker_type,
    a_workflow,
    later,
    live_workers,
    the_request,
)
from tests.fakes.engine import Engine
from tests.fakes.traces import Traces, recorded
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.models import Request

pytestmark = pytest.mark.django_db

_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_CLIENT = f"00-{_TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def traces() -> Iterator[Traces]:
    with recorded() as found:
        yield found


def _configured(*alive: str, protocol: str = "celery") -> None:
    tenant = a_tenant()
    a_worker_type(tenant)
    a_workflow(tenant)
    live_workers(*alive, protocol=protocol)


def _from(client: str | None, *, content_type: str = "unzip") -> RequestSubmitted:
    return replace(a_submission(content_type=content_type), trace_parent=client)


def _seconds(at: datetime) -> int:
    return int(at.timestamp()) * 10**9


def _workflow(engine: Engine, *, client: str | None = None) -> None:
    """Take a request through both steps of a workflow: received at 0 s, answered at 2 s and at 5 s."""
    _configured("unzip-worker", "sip-worker")
    engine.submit(_from(client, content_type="ingest"))
    first = the_request().dispatch_id
    engine.answer(an_answer("RUNNING", dispatch_id=first, worker_id="w-7"), at=later(1))
    engine.answer(an_answer("SUCCESS", content=b"1", dispatch_id=first), at=later(2))
    second = the_request().dispatch_id
    engine.answer(an_answer("SUCCESS", content=b"2", dispatch_id=second), at=later(5))


def test_it_makes_one_tree_of_a_workflow(engine: Engine, traces: Traces) -> None:
    _workflow(engine)
    assert traces.trees == [("request ingest", [("dispatch unzip-worker", []), ("dispatch sip-worker", [])])]
    assert len({span.trace_id for span in traces.spans}) == 1
    assert len({span.span_id for span in traces.spans}) == 3


def test_it_knows_when_each_part_began_and_ended(engine: Engine, traces: Traces) -> None:
    _workflow(engine)
    times = {span.name: (span.start, span.end) for span in traces.spans}
    assert times == {
        "dispatch unzip-worker": (_seconds(AT), _seconds(later(2))),
        "dispatch sip-worker": (_seconds(later(2)), _seconds(later(5))),
        "request ingest": (_seconds(AT), _seconds(later(5))),
    }


def test_it_tells_what_each_part_was_about(engine: Engine, traces: Traces) -> None:
    _workflow(engine)
    common = {
        "regards.tenant": "demo",
        "regards.request.id": "r-1",
        "regards.request.content_type": "ingest",
        "regards.status": "SUCCESS",
    }
    first = traces.one("dispatch unzip-worker")
    assert first.attributes["regards.dispatch_id"].endswith(":1:1")
    assert {**first.attributes, "regards.dispatch_id": ""} == common | {
        "regards.worker_type": "unzip-worker",
        "regards.worker_id": "w-7",
        "regards.step": 1,
        "regards.attempt": 1,
        "regards.dispatch_id": "",
    }
    of_request = {"regards.request.owner": "acme", "regards.request.session": "2025-06", "regards.attempt": 2}
    assert traces.one("request ingest").attributes == common | of_request
    assert (first.events, first.failed, first.kind) == (["running"], False, "PRODUCER")


def test_it_continues_the_client_s_trace(engine: Engine, traces: Traces) -> None:
    _workflow(engine, client=_CLIENT)
    assert {span.trace_id for span in traces.spans} == {_TRACE}
    assert traces.one("request ingest").parent_id == "00f067aa0ba902b7"


@pytest.mark.parametrize("unfit", ["", "garbage", f"00-{'0' * 32}-00f067aa0ba902b7-01", "ff" + _CLIENT[2:]])
def test_it_begins_a_trace_when_the_client_s_makes_no_sense(
    engine: Engine, traces: Traces, unfit: str
) -> None:
    _workflow(engine, client=unfit)
    root = traces.one("request ingest")
    assert (root.parent_id, root.trace_id == _TRACE) == (None, False)


def test_it_records_nothing_of_a_trace_that_its_client_does_not_record(
    engine: Engine, traces: Traces
) -> None:
    _workflow(engine, client=_CLIENT.removesuffix("01") + "00")
    assert traces.spans == []
    sent = engine.dispatches()
    assert all(message.headers["traceparent"].startswith(f"00-{_TRACE}-") for message in sent)
    assert all(message.headers["traceparent"].endswith("-00") for message in sent)


@pytest.mark.parametrize("protocol", ["raw", "celery"])
def test_it_tells_the_worker_the_span_of_its_dispatch(engine: Engine, traces: Traces, protocol: str) -> None:
    _configured("unzip-worker", protocol=protocol)
    engine.submit(_from(_CLIENT))
    (sent,) = engine.dispatches()
    engine.answer(an_answer("SUCCESS", dispatch_id=the_request().dispatch_id))
    span = traces.one("dispatch unzip-worker")
    assert sent.headers["traceparent"] == f"00-{_TRACE}-{span.span_id}-01"


def test_it_tells_the_client_the_span_of_its_request(engine: Engine, traces: Traces) -> None:
    _workflow(engine, client=_CLIENT)
    told = {response.trace_parent for response in engine.responses()}
    assert told == {f"00-{_TRACE}-{traces.one('request ingest').span_id}-01"}


def test_it_lets_no_worker_name_the_cause_of_the_next_dispatch(engine: Engine, traces: Traces) -> None:
    _configured("unzip-worker", "sip-worker", protocol="raw")
    engine.submit(_from(None, content_type="ingest"))
    engine.answer(an_answer("SUCCESS", content=b"1", headers={"traceparent": _CLIENT}))
    engine.answer(an_answer("SUCCESS", content=b"2"))
    sent = engine.dispatches()[-1].headers["traceparent"]
    assert traces.one("dispatch sip-worker").span_id in sent


def test_it_shows_the_wait_for_a_worker(engine: Engine, traces: Traces) -> None:
    _configured()
    engine.submit(a_submission())
    engine.beat(a_beat(beaten_at=later(30)), at=later(30))
    engine.answer(an_answer("SUCCESS"), at=later(31))
    wait = traces.one("wait unzip-worker")
    assert traces.trees == [("request unzip", [("wait unzip-worker", []), ("dispatch unzip-worker", [])])]
    assert (wait.start, wait.end) == (_seconds(AT), _seconds(later(30)))
    assert wait.status == "NO_WORKER_AVAILABLE"


def test_it_shows_the_wait_that_a_worker_asked_for(engine: Engine, traces: Traces) -> None:
    _configured("unzip-worker", protocol="raw")
    engine.submit(a_submission())
    engine.answer(an_answer("RETRY_LATER", retry_after=10, messages=["tape is busy"]), at=later(1))
    engine.redispatch(at=later(11))
    engine.answer(an_answer("SUCCESS"), at=later(12))
    assert [(span.name, span.status, span.failed) for span in traces.spans] == [
        ("dispatch unzip-worker", "RETRY_LATER", False),
        ("wait unzip-worker", "TO_DISPATCH", False),
        ("dispatch unzip-worker", "SUCCESS", False),
        ("request unzip", "SUCCESS", False),
    ]


def test_it_shows_an_attempt_that_was_lost(engine: Engine, traces: Traces) -> None:
    _configured("unzip-worker", protocol="raw")
    engine.submit(a_submission())
    engine.answer(an_answer("REDELIVERED"), at=later(1))
    engine.answer(an_answer("SUCCESS"), at=later(2))
    lost, kept, root = traces.spans
    assert (lost.status, lost.failed, lost.message) == (
        "LOST",
        True,
        "the worker that had the request was lost",
    )
    assert (kept.status, kept.attributes["regards.attempt"], root.failed) == ("SUCCESS", 2, False)
    assert lost.span_id != kept.span_id


def test_it_shows_an_attempt_that_the_watchdog_gave_up(engine: Engine, traces: Traces) -> None:
    _configured("unzip-worker", protocol="raw")
    engine.submit(a_submission())
    engine.rescue(at=later(100_000))
    (lost,) = traces.spans
    assert (lost.name, lost.status) == ("dispatch unzip-worker", "QUEUE_TIMEOUT")
    assert lost.end == _seconds(later(100_000))


@pytest.mark.parametrize("status", ["ERROR", "INVALID_CONTENT"])
def test_it_shows_what_failed_and_why(engine: Engine, traces: Traces, status: str) -> None:
    _configured("unzip-worker", protocol="raw")
    engine.submit(a_submission())
    engine.answer(an_answer(status, messages=["no", "way"]))
    seen = [(span.name, span.status, span.failed, span.message) for span in traces.spans]
    assert seen == [
        ("dispatch unzip-worker", status, True, "no,way"),
        ("request unzip", status, True, "no,way"),
    ]


def test_it_shows_a_dead_letter(engine: Engine, traces: Traces) -> None:
    _configured("unzip-worker", protocol="raw")
    engine.submit(a_submission())
    engine.bury(a_dead_letter())
    engine.bury(a_dead_letter())
    assert [(span.name, span.message) for span in traces.spans] == [
        ("dispatch unzip-worker", "it broke"),
        ("request unzip", "it broke"),
    ]


def test_it_shows_a_refusal(engine: Engine, traces: Traces) -> None:
    a_tenant(skipped=["noise"])
    engine.submit(_from(_CLIENT, content_type="noise"))
    (span,) = traces.spans
    assert (span.name, span.trace_id, span.status) == ("request noise", _TRACE, "SKIPPED")
    assert (span.failed, span.start, span.end) == (True, _seconds(AT), _seconds(AT))
    assert not every(Request).exists()
