"""Writing messages as AMQP frames; the driver's own reader says whether they are right."""

import struct
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from amqp.serialization import decode_properties_basic, loads

from regards_processing.kernel.amqp.envelope import Outbound
from workers.transport.frames import PublishEncoder, Unencodable

AT = 1_700_000_000
FRAME_MAX = 4096


def encode(message: Outbound) -> list[bytes]:
    return PublishEncoder(channel_id=3, frame_max=FRAME_MAX, app_id="REGARDS").encode(message, timestamp=AT)


def payload(frame: bytes) -> bytes:
    return frame[7:-1]


def properties(message: Outbound) -> dict[str, Any]:
    return dict(decode_properties_basic(payload(encode(message)[1]), 12)[0])


def message(**fields: Any) -> Outbound:
    return Outbound(**{"exchange": "an.exchange", "headers": {}, "body": b"{}", **fields})


def test_it_writes_the_properties_of_the_contract() -> None:
    assert properties(message(headers={"regards.tenant": "perf"}, message_id="m", correlation_id="c")) == {
        "content_type": "application/json",
        "content_encoding": "UTF-8",
        "application_headers": {"regards.tenant": "perf"},
        "delivery_mode": 2,
        "priority": 1,
        "correlation_id": "c",
        "message_id": "m",
        "timestamp": AT,
        "app_id": "REGARDS",
    }


def test_it_leaves_out_what_is_not_given() -> None:
    assert properties(message(content_type=None, content_encoding=None, priority=0)) == {
        "application_headers": {},
        "delivery_mode": 2,
        "priority": 0,
        "timestamp": AT,
        "app_id": "REGARDS",
    }


def test_it_keeps_the_properties_that_replace_ours() -> None:
    given = {"app_id": "other", "timestamp": 5, "type": "t", "reply_to": "q"}
    assert given.items() <= properties(message(properties=given)).items()


def test_it_writes_no_date_when_told_so() -> None:
    assert "timestamp" not in properties(message(properties={"timestamp": None, "app_id": "other"}))
    assert properties(message(properties={"timestamp": None, "app_id": "other"}))["app_id"] == "other"


@pytest.mark.parametrize(("fields", "bits"), [({}, 0), ({"worker_type": "a"}, 1), ({"must_route": True}, 1)])
def test_it_asks_for_the_return_of_what_must_be_routed(fields: dict[str, Any], bits: int) -> None:
    method = payload(encode(message(routing_key="#", **fields))[0])
    assert loads("Bssb", method, 4)[0] == [0, "an.exchange", "#", bool(bits)]


def test_it_cuts_a_body_into_frames_that_fit() -> None:
    body = bytes(range(256)) * 40
    frames = encode(message(body=body))
    assert b"".join(payload(frame) for frame in frames[2:]) == body
    assert max(map(len, frames)) <= FRAME_MAX
    assert {(frame[1:3], frame[-1:]) for frame in frames} == {(struct.pack(">H", 3), b"\xce")}


def test_it_writes_an_empty_body_as_no_frame() -> None:
    assert len(encode(message(body=b""))) == 2


def test_it_writes_headers_of_every_type() -> None:
    headers = {
        "text": "é",
        "number": 3,
        "big": 2**40,
        "ratio": 0.5,
        "flag": True,
        "void": None,
        "raw": b"\xff",
        "list": [1, "a", {"b": None}],
        "price": Decimal("1.5"),
        "date": datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None),
    }
    assert properties(message(headers=headers))["application_headers"] == headers


def test_it_leaves_out_headers_that_would_route_the_message() -> None:
    sent = properties(message(headers={"CC": ["a.queue"], "BCC": "x", "regards.tenant": "perf"}))
    assert sent["application_headers"] == {"regards.tenant": "perf"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"priority": 256}, "priority must be 0 to 255, got 256"),
        ({"routing_key": "é" * 128}, "limited to 255 bytes"),
        ({"message_id": "x" * 256}, "limited to 255 bytes"),
        ({"message_id": 7}, "has no attribute"),
        ({"headers": {"x" * 256: "y"}}, "limited to 255 bytes"),
        ({"headers": {"odd": object()}}, "not handled"),
        ({"headers": {"odd": 2**70}}, "error"),
        ({"headers": {"long": "x" * FRAME_MAX}}, "limited to 4088 bytes"),
    ],
)
def test_it_says_why_a_message_cannot_be_written(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unencodable, match=reason):
        encode(message(**fields))
