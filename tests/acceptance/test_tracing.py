"""One trace of a request across all processes, with the client's own span above it.

Spans would leave after ten minutes here: what the collector has was sent when the processes were told to end.
"""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from tests.acceptance import configuration
from tests.acceptance.amqp_client import ForeignWorker, Received
from tests.acceptance.blueprint import Blueprint
from tests.acceptance.conftest import await_alive, connect_client
from tests.acceptance.participant import Client, Response, standard_headers
from tests.fakes.traces import Seen, Tree, trees
from tests.stack.collector import Collector
from tests.stack.platform import Platform, free_port

_CLIENT_SPAN = "00f067aa0ba902b7"
_WORKFLOW, _FAILURE, _LATER, _OWN, _FOREIGN, _CALL, _UNRECORDED = (f"{number:032x}" for number in range(1, 8))
_TYPES = "tests.acceptance.worker_types,tests.acceptance.traced_types"
_JOBS = ["-m", "celery", "-A", "regards_processing", "worker", "-P", "prefork", "-c", "1", "-l", "INFO"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What was seen of it, once every process has ended."""

    platform: Platform
    collector: Collector
    exit_codes: dict[str, int]
    heard: list[Response]
    #: What a foreign worker was sent; nothing where there is no such worker.
    foreign: list[Received]


@pytest.fixture(scope="module")
def journey(blueprint: Blueprint) -> Iterator[Journey]:
    with Collector() as collector:
        variables = collector.variables | {"OTEL_BSP_SCHEDULE_DELAY": "600000", "WORKER_MODULES": _TYPES}
        with blueprint.opened(name="tracing", variables=variables) as platform:
            yield _travelled(platform, collector)


def _travelled(platform: Platform, collector: Collector) -> Journey:
    item = configuration.worker("accept-traced", "traced")
    platform.manage("import_configuration", "-", stdin=configuration.document([item]))
    with platform.side_by_side():
        platform.start_manager()
        platform.start("jobs", _JOBS, ready=r" ready\.")
        platform.start_beat()
        platform.start_fleet(["accept-stamp-a", "accept-raise", "accept-postpone"], pool="solo")
        platform.start_fleet(["accept-stamp-b", "accept-binary"], pool="threads", concurrency=2)
        platform.start_fleet(["accept-stamp-c", "accept-traced", "accept-inspect"], pool="prefork")
        _, address = platform.start_web()
    with closing(connect_client(platform.stack)) as client:
        await_alive(client, {"three-steps": b"{}", "traced": b"{}"})
        for request_id, content_type, trace_id in [
            ("flow", "three-steps", _WORKFLOW),
            ("failure", "raise", _FAILURE),
            ("later", "postpone", _LATER),
            ("own", "traced", _OWN),
        ]:
            _send(client, request_id, content_type, trace_id)
        _send(client, "unrecorded", "three-steps", _UNRECORDED, flags="00")
        client.await_all(["flow", "failure", "later", "own", "unrecorded"], timeout=40)
        foreign = _through_a_foreign_worker(client, platform)
        heard = client.heard["flow"]
    _call(address)
    exit_codes = {process.name: process.terminate() for process in platform.processes}
    return Journey(
        platform=platform, collector=collector, exit_codes=exit_codes, heard=heard, foreign=foreign
    )


def _send(client: Client, request_id: str, content_type: str, trace_id: str, *, flags: str = "01") -> None:
    trace_parent = {"traceparent": f"00-{trace_id}-{_CLIENT_SPAN}-{flags}"}
    client.send(headers=standard_headers(request_id, content_type) | trace_parent, body=b"{}")


def _through_a_foreign_worker(client: Client, platform: Platform) -> list[Received]:
    if platform.stack.broker_url is None:
        return []
    with ForeignWorker(platform.stack.broker_url, "foreign-middle") as worker:
        worker.beat()
        _send(client, "foreign", "foreign-in-the-middle", _FOREIGN)
        received = worker.take()
        worker.answer(received, status="SUCCESS", content=b"{}")
        client.await_all(["foreign"])
    return [received]


def _call(address: str) -> None:
    call = urllib.request.Request(  # noqa: S310 (our own server)
        f"{address}/api/v1/rs-worker-manager/requests/r-1",
        headers={"traceparent": f"00-{_CALL}-{_CLIENT_SPAN}-01"},
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(call, timeout=30)  # noqa: S310 (likewise)


def _one(spans: list[Seen], name: str) -> Seen:
    (span,) = [span for span in spans if span.name == name]
    return span


def test_it_makes_one_tree_from_the_client_s_message_to_the_last_answer(journey: Journey) -> None:
    spans = journey.collector.of(_WORKFLOW)
    assert trees(spans) == [
        (
            "request three-steps",
            [
                ("dispatch accept-stamp-a", [("run accept-stamp-a", [])]),
                ("dispatch accept-stamp-b", [("run accept-stamp-b", [])]),
                ("dispatch accept-stamp-c", [("run accept-stamp-c", [])]),
            ],
        )
    ]
    assert _one(spans, "request three-steps").parent_id == _CLIENT_SPAN


def test_it_puts_every_part_where_it_belongs_in_time(journey: Journey) -> None:
    spans = {span.span_id: span for span in journey.collector.of(_WORKFLOW)}
    pairs = [(spans[span.parent_id], span) for span in spans.values() if span.parent_id in spans]
    assert len(pairs) == 6
    assert all(above.start <= below.start <= below.end <= above.end for above, below in pairs)
    # Each run sleeps for 40 ms.
    assert all(span.end - span.start > 30_000_000 for span in spans.values())


def test_it_names_the_processes_and_what_they_did(journey: Journey) -> None:
    spans = journey.collector.of(_WORKFLOW)
    assert {(span.name.partition(" ")[0], span.service, span.kind) for span in spans} == {
        ("request", "regards-manager", "CONSUMER"),
        ("dispatch", "regards-manager", "PRODUCER"),
        ("run", "regards-worker", "CONSUMER"),
    }
    assert {span.attributes["regards.request.id"] for span in spans} == {"flow"}
    assert {span.status for span in spans} == {"SUCCESS"}
    run, dispatch = _one(spans, "run accept-stamp-b"), _one(spans, "dispatch accept-stamp-b")
    assert run.attributes["regards.dispatch_id"] == dispatch.attributes["regards.dispatch_id"]


def test_it_tells_the_client_the_span_of_its_request(journey: Journey) -> None:
    root = _one(journey.collector.of(_WORKFLOW), "request three-steps")
    told = {response.headers["traceparent"] for response in journey.heard}
    assert told == {f"00-{_WORKFLOW}-{root.span_id}-01"}


def test_it_shows_where_a_request_failed(journey: Journey) -> None:
    spans = journey.collector.of(_FAILURE)
    assert trees(spans) == [("request raise", [("dispatch accept-raise", [("run accept-raise", [])])])]
    assert {(span.failed, span.message) for span in spans} == {(True, "ValueError: the sky is not blue")}
    assert _one(spans, "run accept-raise").events == ["exception"]


def test_it_shows_how_long_a_request_waited_for_its_time(journey: Journey) -> None:
    spans = sorted(journey.collector.of(_LATER), key=lambda span: span.end)
    assert [(span.name, span.status) for span in spans] == [
        ("run accept-postpone", "RETRY_LATER"),
        ("dispatch accept-postpone", "RETRY_LATER"),
        ("wait accept-postpone", "TO_DISPATCH"),
        ("run accept-postpone", "SUCCESS"),
        ("dispatch accept-postpone", "SUCCESS"),
        ("request postpone", "SUCCESS"),
    ]
    # The sweep takes it up, or the manager does, when it hears of new capacity just then.
    assert _one(spans, "wait accept-postpone").service in {"regards-jobs", "regards-manager"}
    assert not any(span.failed for span in spans)


def test_it_takes_the_spans_of_a_worker_type_in(journey: Journey) -> None:
    tree: Tree = ("dispatch accept-traced", [("run accept-traced", [("read scene", [])])])
    assert trees(journey.collector.of(_OWN)) == [("request traced", [tree])]


def test_it_records_nothing_of_a_trace_that_its_client_does_not_record(journey: Journey) -> None:
    assert journey.collector.of(_UNRECORDED) == []


@pytest.mark.rabbitmq
def test_it_goes_on_behind_a_worker_that_knows_nothing_of_traces(journey: Journey) -> None:
    spans = journey.collector.of(_FOREIGN)
    assert trees(spans) == [
        (
            "request foreign-in-the-middle",
            [
                ("dispatch accept-binary", [("run accept-binary", [])]),
                ("dispatch foreign-middle", []),
                ("dispatch accept-inspect", [("run accept-inspect", [])]),
            ],
        )
    ]
    (received,) = journey.foreign
    middle = _one(spans, "dispatch foreign-middle")
    assert received.headers["traceparent"] == f"00-{_FOREIGN}-{middle.span_id}-01"


def test_it_records_a_call_of_the_web_process(journey: Journey) -> None:
    (span,) = journey.collector.of(_CALL)
    assert (span.name, span.service, span.kind) == (
        "GET /api/v1/rs-worker-manager/requests/{requestId}",
        "regards-web",
        "SERVER",
    )
    assert (span.parent_id, span.attributes["http.response.status_code"]) == (_CLIENT_SPAN, 401)


def test_it_ends_in_order(journey: Journey) -> None:
    assert set(journey.exit_codes.values()) == {0}


def test_it_records_no_span_twice(journey: Journey) -> None:
    ids = [span.span_id for span in journey.collector.spans]
    assert len(ids) == len(set(ids))


def test_it_works_and_ends_in_time_while_the_collector_is_away(journey: Journey) -> None:
    platform, away = journey.platform, {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    command = ["-m", "celery", "-A", "workers", "worker", "--types", "accept-stamp-a", "-P", "solo"]
    with platform.side_by_side():
        manager = platform.start("manager", ["manage.py", "consume"], ready="consuming", variables=away)
        fleet = platform.start("fleet", command, ready=r" ready\.", variables=away)
    with closing(connect_client(platform.stack)) as client:
        await_alive(client, {"a": b"{}"})
    started = time.monotonic()
    assert (fleet.terminate(), manager.terminate()) == (0, 0)
    # Five seconds each, and what it takes without traces.
    assert time.monotonic() - started < 25
