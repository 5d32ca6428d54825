"""The engine's own messages, as the contract writes them."""

import json
from dataclasses import replace

import pytest

from worker_manager.events.request_answered import RequestAnswered, ResponseState
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.events.work_dead_lettered import WorkDeadLettered
from workers.contract.errors import MalformedMessage

_FIVE = {
    "regards.tenant": "demo",
    "regards.request.id": "r-17",
    "regards.request.owner": "acme",
    "regards.request.session": "2025-06",
    "regards.request.content_type": "unzip",
}
_SUCCESS = RequestAnswered(
    tenant="demo",
    request_id="r-17",
    owner="acme",
    session="2025-06",
    content_type="unzip",
    state=ResponseState.SUCCESS,
    messages=("Your request has been successfully handled by the <unzip-worker> worker.",),
    worker_type="unzip-worker",
    content=b"{}",
)
_REFUSED = RequestAnswered(
    tenant="demo",
    request_id="r-17",
    owner=None,
    session=None,
    content_type=None,
    state=ResponseState.SKIPPED,
    messages=(),
)


def test_it_writes_a_response_exactly_as_the_contract() -> None:
    sent = _SUCCESS.to_message()
    assert sent.body == (
        b'{"state":"SUCCESS","messages":["Your request has been successfully handled by the <unzip-worker> '
        b'worker."],"requestId":"r-17","content":"e30=","type":"EXTRACTION","requestOwner":"acme"}'
    )
    assert sent.headers == _FIVE | {
        "regards.worker_id": "unzip-worker",
        "regards.converter": "GSON",
        "regards.type": "fr.cnes.regards.modules.workermanager.amqp.events.out.ResponseEvent",
    }


def test_it_sends_responses_to_every_client() -> None:
    sent = _SUCCESS.to_message()
    exchange = "regards.broadcast.fr.cnes.regards.modules.workermanager.amqp.events.out.ResponseEvent"
    assert (sent.exchange, sent.routing_key) == (exchange, "")
    assert (sent.priority, sent.content_type, sent.content_encoding) == (1, "application/json", "UTF-8")
    assert sent.correlation_id is None


def test_it_leaves_out_what_is_unknown_but_never_the_messages() -> None:
    sent = _REFUSED.to_message()
    assert json.loads(sent.body) == {
        "state": "SKIPPED",
        "messages": [],
        "requestId": "r-17",
        "type": "EXTRACTION",
    }
    assert not {"regards.request.owner", "regards.worker_id"} & set(sent.headers)


@pytest.mark.parametrize("response", [_SUCCESS, _REFUSED])
def test_it_reads_back_the_response_it_wrote(response: RequestAnswered) -> None:
    sent = response.to_message()
    assert RequestAnswered.from_wire(headers=sent.headers, body=sent.body) == response


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"state":"DONE"}', b'{"state":"ERROR","content":7}'])
def test_it_refuses_a_response_that_is_none(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        RequestAnswered.from_wire(headers=_FIVE, body=body)


def test_it_keeps_the_clients_bytes() -> None:
    read = RequestSubmitted.from_wire(headers=_FIVE, body=b' {"a" : 1.10}\n', redelivered=True)
    assert (read.content, read.redelivered) == (b' {"a" : 1.10}\n', True)
    assert read.wire_headers() == _FIVE


@pytest.mark.parametrize(
    ("named", "read"), [(None, None), (0, 0), (255, 255), (256, None), (-1, None), ("9", None), (True, None)]
)
def test_it_reads_the_priority_that_can_be(named: object, read: int | None) -> None:
    found = RequestSubmitted.from_wire(headers=_FIVE, body=b"{}", redelivered=False, priority=named)
    assert found.priority == read


_OPTIONAL = ["regards.request.owner", "regards.request.session", "regards.request.content_type"]


@pytest.mark.parametrize("name", _OPTIONAL)
def test_it_takes_a_missing_or_void_header_for_absent(name: str) -> None:
    void = RequestSubmitted.from_wire(headers=_FIVE | {name: None}, body=b"{}", redelivered=False)
    assert name not in void.wire_headers()


@pytest.mark.parametrize("name", _OPTIONAL)
def test_it_takes_an_empty_header_for_a_value(name: str) -> None:
    empty = RequestSubmitted.from_wire(headers=_FIVE | {name: ""}, body=b"{}", redelivered=False)
    assert empty.wire_headers()[name] == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"regards.tenant": None},
        {"regards.tenant": ""},
        {"regards.request.id": None},
        {"regards.request.id": ""},
        {"regards.request.id": 7},
        {"regards.request.id": "x" * 256},
        {"regards.request.owner": 7},
        {"regards.request.session": "x" * 256},
    ],
)
def test_it_refuses_a_request_with_headers_against_the_contract(headers: dict[str, object]) -> None:
    with pytest.raises(MalformedMessage, match=next(iter(headers))):
        RequestSubmitted.from_wire(headers=_FIVE | headers, body=b"{}", redelivered=False)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"{", b"\xff"])
def test_it_refuses_a_body_that_is_no_json_object(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        RequestSubmitted.from_wire(headers=_FIVE, body=body, redelivered=False)


@pytest.mark.parametrize(
    ("stacktrace", "error"),
    [
        (None, "Unknown error from worker"),
        ("", "Unknown error from worker"),
        ("Traceback", "Traceback"),
        (b"caf\xc3\xa9 \xff", "caf\u00e9 \ufffd"),
        ("nul\0 half\ud800", "nul half?"),
        (7, "7"),
    ],
)
def test_it_reads_the_error_of_a_dead_letter(stacktrace: object, error: str) -> None:
    headers = _FIVE | {"x-exception-stacktrace": stacktrace}
    assert WorkDeadLettered.from_wire(headers=headers, message_id="1:2:3").error == error


@pytest.mark.parametrize("missing", ["regards.tenant", "regards.request.id"])
def test_it_refuses_a_dead_letter_of_nobody(missing: str) -> None:
    with pytest.raises(MalformedMessage):
        WorkDeadLettered.from_wire(headers=_FIVE | {missing: None}, message_id=None)


def test_it_carries_the_headers_of_workers_that_are_nobody_else_s() -> None:
    odd = {"regards.tenant": "other", "__TypeId__": "x", "x-death-queue": "q", "traceparent": "t"}
    sent = replace(_SUCCESS, additional_headers=odd | {"acme.kind": "raster"}).to_message()
    assert sent.headers == {**_SUCCESS.to_message().headers, "acme.kind": "raster"}
    read = RequestAnswered.from_wire(headers=sent.headers, body=sent.body)
    assert read == replace(_SUCCESS, additional_headers={"acme.kind": "raster"})
