"""Storing a bulk of messages as bytes."""

import pytest

from regards_processing.kernel.amqp.envelope import Outbound, UnreadableBulk, pack, unpack

EVERY_BYTE = bytes(range(256))


def full_message() -> Outbound:
    return Outbound(
        exchange="an.exchange",
        routing_key="#",
        headers={"regards.tenant": "perf", "count": 3, "ratio": 0.5, "void": None, "éà": "\u2603"},
        body=EVERY_BYTE,
        priority=7,
        content_type=None,
        content_encoding=None,
        message_id="12:1:1",
        correlation_id="12:1:0",
        worker_type="Checksum",
        must_route=True,
        properties={"type": "x"},
        for_instance=True,
    )


def test_it_gives_back_what_was_packed() -> None:
    messages = [full_message(), Outbound(exchange="", headers={}, body=b""), full_message()]
    assert unpack(pack(messages)) == messages


def test_it_packs_nothing() -> None:
    assert unpack(pack([])) == []


def test_it_adds_little_to_the_bodies() -> None:
    messages = [Outbound(exchange="e", headers={"regards.tenant": "perf"}, body=b"x" * 1000)] * 1000
    assert len(pack(messages)) < 1.2 * 1000 * 1000


@pytest.mark.parametrize("packed", [b"", b"\x02\x00\x00\x00\x00", b"\x01\x00", pack([full_message()])[:-1]])
def test_it_refuses_bytes_that_are_no_bulk(packed: bytes) -> None:
    with pytest.raises(UnreadableBulk):
        unpack(packed)


def test_it_refuses_headers_that_are_no_json() -> None:
    with pytest.raises(TypeError):
        pack([Outbound(exchange="e", headers={"raw": b"bytes"}, body=b"")])
