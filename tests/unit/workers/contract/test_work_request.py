from dataclasses import replace

import pytest

from workers.contract.errors import MalformedMessage
from workers.contract.stored_content import StoredContent
from workers.contract.work_request import WorkRequest

_HEADERS = {"regards.tenant": "t", "regards.request.id": "r"}


def _request() -> WorkRequest:
    return WorkRequest(
        tenant="t",
        request_id="r",
        owner="o",
        session="s",
        content_type="c",
        content=b"\x00\xff",
        headers={"hint": "x"},
        dispatch_id="1:2:3",
    )


def test_it_survives_the_raw_message() -> None:
    request = _request()
    read = WorkRequest.from_raw(headers=request.wire_headers(), body=request.content, message_id="1:2:3")
    assert read == request


def test_it_survives_the_task_argument() -> None:
    request = _request()
    assert WorkRequest.from_task_argument(request.to_task_argument(), dispatch_id="1:2:3") == request


def test_it_refers_to_a_content_that_is_stored() -> None:
    stored = StoredContent.of(b"large", attempt=2)
    request = replace(_request(), content=b"", stored=stored)
    argument = request.to_task_argument()
    assert argument["content"] == stored.to_json()
    assert WorkRequest.from_task_argument(argument, dispatch_id="1:2:3") == request


def test_it_says_what_its_sender_takes_beside_the_additional_headers() -> None:
    request = replace(_request(), accepts_stored=True)
    assert request.own_headers()["x-accepts-stored-content"] == "true"
    assert "x-accepts-stored-content" not in request.wire_headers()
    assert "x-accepts-stored-content" not in _request().own_headers()


def test_it_carries_the_span_of_its_dispatch_in_both_forms() -> None:
    request = replace(_request(), trace_parent="00-1-2-01")
    raw = WorkRequest.from_raw(headers=request.wire_headers(), body=request.content, message_id="1:2:3")
    task = WorkRequest.from_task_argument(request.to_task_argument(), dispatch_id="1:2:3")
    assert (raw, task) == (request, request)
    assert request.wire_headers()["traceparent"] == "00-1-2-01"
    assert "traceparent" not in raw.headers


def test_it_takes_void_headers_for_absent_ones() -> None:
    read = WorkRequest.from_raw(headers=_HEADERS | {"regards.request.owner": None}, body=b"", message_id=None)
    assert read.owner == ""
    assert read.headers == {}


def test_it_does_not_pass_on_headers_of_the_broker_and_of_java() -> None:
    headers = _HEADERS | {"x-death-queue": "q", "hint": 3}
    assert WorkRequest.from_raw(headers=headers, body=b"", message_id=None).headers == {"hint": "3"}


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, r"Missing \*\*regards.tenant\*\* header"),
        ({"regards.tenant": "", "regards.request.id": "r"}, "regards.tenant"),
        ({"regards.tenant": "t"}, "regards.request.id"),
        ({"regards.tenant": 1, "regards.request.id": "r"}, "must be a string, not int"),
        ({"regards.tenant": "t", "regards.request.id": "r" * 256}, "limited to 255 characters, got 256"),
        (_HEADERS | {"regards.request.owner": ["x"]}, "regards.request.owner must be a string"),
    ],
)
def test_it_refuses_malformed_headers(headers: dict[str, object], reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        WorkRequest.from_raw(headers=headers, body=b"", message_id=None)


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        (None, "must be an object with content and headers"),
        ("text", "must be an object"),
        ({"content": ""}, "must be an object with content and headers"),
        ({"content": "", "headers": []}, "must be an object with content and headers"),
        ({"content": "%%", "headers": _HEADERS}, "content is not Base64"),
        ({"content": 3, "headers": _HEADERS}, "content must be Base64 text, not int"),
        # In a chain without a manager nobody stores contents.
        (
            {"content": StoredContent.of(b"large", attempt=2).to_json(), "headers": _HEADERS},
            "content must be Base64 text, not dict",
        ),
    ],
)
def test_it_refuses_a_malformed_task_argument(argument: object, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        WorkRequest.from_task_argument(argument, dispatch_id=None)


def test_it_prefers_what_a_member_returned_itself_to_what_another_one_kept() -> None:
    kept = _HEADERS | {"kind": "raster", "size": "7"}
    members = [
        {"content": "MQ==", "headers": kept | {"size": "8"}, "ownHeaders": {"size": "8"}},
        {"content": "Mg==", "headers": kept | {"by": "c"}, "ownHeaders": {"by": "c", "regards.tenant": "x"}},
    ]
    gathered = WorkRequest.from_task_argument(members, dispatch_id=None)
    assert gathered.headers == {"kind": "raster", "size": "8", "by": "c"}
    assert gathered.content == b'{"contents":[1,2]}'
