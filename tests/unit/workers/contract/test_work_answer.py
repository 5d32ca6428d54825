import json

import pytest

from workers.contract.errors import MalformedMessage
from workers.contract.stored_content import StoredContent
from workers.contract.work_answer import AnswerStatus, WorkAnswer

_HEADERS = {"regards.tenant": "t", "regards.request.id": "r"}


@pytest.mark.parametrize(
    "answer",
    [
        WorkAnswer(tenant="t", request_id="r", status=AnswerStatus.RUNNING, messages=("50 %: half",)),
        WorkAnswer(
            tenant="t",
            request_id="r",
            status=AnswerStatus.SUCCESS,
            content=b"\x00",
            additional_headers={"a": "b"},
            dispatch_id="1:1:1",
            worker_id="w",
            run_seconds=0.25,
        ),
        WorkAnswer(tenant="t", request_id="r", status=AnswerStatus.SUCCESS, content=b""),
        WorkAnswer(tenant="t", request_id="r", status=AnswerStatus.RETRY_LATER, retry_after=2.5),
        WorkAnswer(
            tenant="t",
            request_id="r",
            status=AnswerStatus.SUCCESS,
            stored=StoredContent.of(b"large", attempt=4),
            dispatch_id="7:1:4",
        ),
    ],
)
def test_it_survives_the_wire(answer: WorkAnswer) -> None:
    wire = answer.to_wire()
    read = WorkAnswer.from_wire(headers=wire.headers, body=wire.body, correlation_id=wire.correlation_id)
    assert read == answer


def test_it_leaves_out_what_is_absent() -> None:
    wire = WorkAnswer(tenant="t", request_id="r", status=AnswerStatus.ERROR).to_wire()
    assert json.loads(wire.body) == {"status": "ERROR", "messages": []}


def test_it_writes_a_message_that_is_no_unicode() -> None:
    answer = WorkAnswer(tenant="t", request_id="r", status=AnswerStatus.ERROR, messages=("bad \udcff name",))
    wire = answer.to_wire()
    assert WorkAnswer.from_wire(headers=wire.headers, body=wire.body, correlation_id=None) == answer


def test_it_reads_what_foreign_workers_write() -> None:
    body = (
        b'{"status":"SUCCESS","messages":["a",null],"additionalHeaders":{"n":1,"b":true,"v":null},"other":1}'
    )
    answer = WorkAnswer.from_wire(headers=_HEADERS, body=body, correlation_id="")
    assert answer.messages == ("a",)
    assert answer.additional_headers == {"n": "1", "b": "true"}
    assert answer.content is None
    assert answer.dispatch_id is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Body is empty"),
        (b"\xff", "Body is not JSON"),
        (b"[" * 100_000, "Body is not JSON"),
        (b"[]", "must be a JSON object, not list"),
        (b"{}", "status must be one of .*, got None"),
        (b'{"status":"DONE"}', "status must be one of .*, got 'DONE'"),
        (b'{"status":"ERROR","messages":"a"}', "messages must be an array of strings"),
        (b'{"status":"ERROR","additionalHeaders":[]}', "additionalHeaders must be an object"),
        (b'{"status":"ERROR","additionalHeaders":{"a":{}}}', "additionalHeaders.a must be a string"),
        (b'{"status":"SUCCESS","content":"%"}', "content is not Base64"),
        (b'{"status":"RETRY_LATER","retryAfter":-1}', "retryAfter must be a number of seconds, got -1"),
        (b'{"status":"RETRY_LATER","retryAfter":true}', "retryAfter must be a number of seconds"),
        (b'{"status":"SUCCESS","runSeconds":"1"}', "runSeconds must be a number of seconds, got '1'"),
        (b'{"status":"ERROR","workerId":1}', "workerId must be a string"),
    ],
)
def test_it_refuses_a_malformed_body(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        WorkAnswer.from_wire(headers=_HEADERS, body=body, correlation_id=None)


@pytest.mark.parametrize("missing", ["regards.tenant", "regards.request.id"])
def test_it_refuses_an_answer_to_nobody(missing: str) -> None:
    headers = {name: value for name, value in _HEADERS.items() if name != missing}
    with pytest.raises(MalformedMessage, match=missing):
        WorkAnswer.from_wire(headers=headers, body=b'{"status":"ERROR"}', correlation_id=None)


def _with_stored_content() -> tuple[dict[str, object], bytes]:
    wire = WorkAnswer(
        tenant="t",
        request_id="r",
        status=AnswerStatus.SUCCESS,
        stored=StoredContent.of(b"large", attempt=4),
        dispatch_id="7:1:4",
    ).to_wire()
    return wire.headers, wire.body


def test_it_says_in_a_header_that_the_content_is_stored() -> None:
    headers, body = _with_stored_content()
    assert headers["x-stored-content"] == "true"
    assert json.loads(body)["content"] == StoredContent.of(b"large", attempt=4).to_json()


def test_it_is_refused_by_whoever_does_not_know_that_header() -> None:
    _, body = _with_stored_content()
    with pytest.raises(MalformedMessage, match="content must be Base64 text, not dict"):
        WorkAnswer.from_wire(headers=_HEADERS, body=body, correlation_id="7:1:4")


@pytest.mark.parametrize("dispatch_id", [None, "7:1:5", "7:4:1", "7:1:14"])
def test_it_refuses_a_content_of_another_attempt(dispatch_id: str | None) -> None:
    headers, body = _with_stored_content()
    with pytest.raises(MalformedMessage, match="The content of attempt 4 does not answer"):
        WorkAnswer.from_wire(headers=headers, body=body, correlation_id=dispatch_id)


def test_it_refuses_a_stored_content_that_is_no_reference() -> None:
    headers, _ = _with_stored_content()
    with pytest.raises(MalformedMessage, match="A stored content must be an object, not str"):
        WorkAnswer.from_wire(
            headers=headers, body=b'{"status":"SUCCESS","content":"YQ=="}', correlation_id="7:1:4"
        )
