"""A call of the web process is a span below its caller's."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from regards_processing.kernel.observability import tracing
from regards_processing.kernel.observability.tracing import current
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant
from tests.fakes.traces import Traces, recorded

pytestmark = pytest.mark.django_db

_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_CALLER = f"00-{_TRACE}-00f067aa0ba902b7-01"
_PATH = "/api/v1/rs-worker-manager/requests/r-9"
_ROUTE = "/api/v1/rs-worker-manager/requests/{requestId}"


@pytest.fixture
def traces() -> Iterator[Traces]:
    with recorded() as found:
        yield found


def test_it_records_a_call_below_its_caller_s_span(traces: Traces) -> None:
    a_tenant()
    client_as(tenant="demo").get(
        _PATH, headers={"traceparent": _CALLER, "correlation-id": "call-7", "X-Secret": "hidden"}
    )
    (span,) = traces.spans
    assert (span.name, span.kind) == (f"GET {_ROUTE}", "SERVER")
    assert (span.trace_id, span.parent_id) == (_TRACE, "00f067aa0ba902b7")
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": _ROUTE,
        "http.response.status_code": 404,
        "regards.tenant": "demo",
        "regards.correlation_id": "call-7",
    }
    assert not span.failed


@pytest.mark.parametrize("header", ["", "garbage"])
def test_it_begins_a_trace_for_a_caller_without_one(traces: Traces, header: str) -> None:
    Client().get("/nowhere", headers={"traceparent": header})
    assert traces.one("GET UNKNOWN").parent_id is None


def test_it_records_nothing_of_a_trace_that_its_caller_does_not_record(traces: Traces) -> None:
    Client().get("/nowhere", headers={"traceparent": _CALLER.removesuffix("01") + "00"})
    assert traces.spans == []


@override_settings(ROOT_URLCONF="tests.integration.kernel.observability.traced_view")
def test_it_lets_messages_of_a_call_name_its_span(traces: Traces) -> None:
    answer = Client().get("/current")
    assert answer.content.decode() == f"00-{traces.spans[0].trace_id}-{traces.spans[0].span_id}-01"
    assert current() is None


@override_settings(ROOT_URLCONF="tests.integration.kernel.observability.traced_view")
def test_it_takes_an_error_of_ours_for_a_failure(traces: Traces) -> None:
    Client(raise_request_exception=False).get("/broken")
    assert traces.one("GET /broken").failed


def test_it_records_no_probe(traces: Traces) -> None:
    Client().get("/livez")
    assert traces.spans == []


def test_it_is_not_there_while_tracing_is_off() -> None:
    client = Client()
    client.get("/nowhere")
    with recorded() as traces:
        client.get("/nowhere")
    assert (tracing.is_on(), traces.spans) == (False, [])
