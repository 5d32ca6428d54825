"""Reading a message whose properties the driver cannot decode."""

import struct
from typing import Any

import pytest
from amqp.serialization import dumps

from workers.transport.tolerance import RAW, UNREADABLE, tolerant_frame_handler

DELIVER = struct.pack(">HH", 60, 60) + dumps("sLbss", ("tag", 1, False, "e", "k"))
AFTER_THE_YEAR_9999 = b"\x20\x00" + struct.pack(">I", 11) + b"\x01dT" + struct.pack(">Q", 2**60)
BEFORE_1970 = b"\x20\x00" + struct.pack(">I", 11) + b"\x01dT" + struct.pack(">q", -86_400)
NOT_UTF_8 = b"\x80\x00" + b"\x02\xff\xfe"
UNKNOWN_TYPE = b"\x20\x00" + struct.pack(">I", 3) + b"\x01d?"


class Connection:
    bytes_recv = 0


def read(properties: bytes, *, body: bytes = b"abc") -> list[Any]:
    arrived: list[Any] = []
    handler = tolerant_frame_handler(Connection(), lambda *delivery: arrived.append(delivery[-1]))
    handler((1, 1, DELIVER))
    handler((2, 1, struct.pack(">HHQ", 60, 0, len(body)) + properties))
    handler((3, 1, body))
    return arrived


@pytest.mark.parametrize(
    "properties", [AFTER_THE_YEAR_9999, BEFORE_1970, NOT_UTF_8, UNKNOWN_TYPE, b"\x20\x00\x00"]
)
def test_it_hands_over_the_body_and_the_reason(properties: bytes) -> None:
    [message] = read(properties)
    assert message.body == b"abc"
    assert message.headers[UNREADABLE]
    assert message.headers[RAW] in (properties, properties.decode("latin-1"))


def test_it_leaves_readable_messages_alone() -> None:
    [message] = read(b"\x20\x00" + dumps("F", ({"regards.tenant": "perf"},)))
    assert message.headers == {"regards.tenant": "perf"}
