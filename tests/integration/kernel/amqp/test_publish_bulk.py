"""Publishing bulks, on both brokers."""

import hashlib
import os

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable, MessagesRefused
from regards_processing.kernel.amqp.publisher import Publisher
from tests.integration.kernel.amqp.reading import Reader

REQUESTS = topology.requests()


def request(body: bytes, **headers: object) -> Outbound:
    return Outbound(
        exchange=topology.REQUEST_EXCHANGE, headers={"regards.tenant": "perf", **headers}, body=body
    )


def bodies(messages: list[Inbound]) -> list[bytes]:
    return [message.body for message in messages]


def test_it_publishes_a_bulk_before_it_returns(publisher: Publisher, reader: Reader) -> None:
    sent = [b"%d" % number for number in range(1000)]
    publisher.publish_all([request(body) for body in sent])
    assert bodies(reader.read(REQUESTS, expected=1000)) == sent


def test_it_publishes_nothing(publisher: Publisher) -> None:
    publisher.publish_all([])


def test_it_keeps_body_headers_and_properties(publisher: Publisher, reader: Reader) -> None:
    body = bytes(range(256))
    publisher.publish_all(
        [
            Outbound(
                exchange=topology.REQUEST_EXCHANGE,
                headers={"regards.tenant": "perf", "number": 3, "void": None, "list": ["a"]},
                body=body,
                priority=5,
                message_id="m",
                correlation_id="c",
                content_encoding="no-such-encoding",
            )
        ]
    )
    [message] = reader.read(REQUESTS, expected=1)
    assert (message.body, message.message_id, message.correlation_id) == (body, "m", "c")
    assert message.headers == {"regards.tenant": "perf", "number": 3, "void": None, "list": ["a"]}
    assert (message.queue, message.exchange) == (REQUESTS.name, topology.REQUEST_EXCHANGE)
    properties = message.properties
    assert (properties["priority"], properties["delivery_mode"], properties["app_id"]) == (5, 2, "REGARDS")
    assert properties["content_type"] == "application/json"
    assert properties["content_encoding"] == "no-such-encoding"
    assert not message.redelivered


def test_it_publishes_an_empty_body(publisher: Publisher, reader: Reader) -> None:
    publisher.publish_all([request(b"")])
    assert bodies(reader.read(REQUESTS, expected=1)) == [b""]


def test_it_publishes_a_body_of_20_megabytes(publisher: Publisher, reader: Reader) -> None:
    body = os.urandom(20_000_000)
    publisher.publish_all([request(b"before"), request(body), request(b"after")])
    [before, large, after] = bodies(reader.read(REQUESTS, expected=3))
    assert (before, after) == (b"before", b"after")
    assert hashlib.sha256(large).digest() == hashlib.sha256(body).digest()


def test_it_names_what_it_refuses_and_sends_the_neighbours(publisher: Publisher, reader: Reader) -> None:
    too_large, odd = request(b"x" * 30_000_001), request(b"odd", odd=object())
    with pytest.raises(MessagesRefused, match="2 messages refused, the first one is number 1") as refused:
        publisher.publish_all([request(b"a"), too_large, request(b"b"), odd, request(b"c")])
    assert sorted(refused.value.refused) == [1, 3]
    assert "limited to 30000000 bytes, got 30000001" in refused.value.refused[1]
    assert bodies(reader.read(REQUESTS, expected=3)) == [b"a", b"b", b"c"]


def test_it_refuses_an_exchange_that_nobody_declares(publisher: Publisher, reader: Reader) -> None:
    lost = Outbound(exchange="no.such.exchange", headers={}, body=b"lost")
    with pytest.raises(MessagesRefused, match=r"There is no exchange 'no\.such\.exchange'") as refused:
        publisher.publish_all([request(b"a"), lost, request(b"b"), lost])
    assert sorted(refused.value.refused) == [1, 3]
    assert reader.read_distinct(REQUESTS, expected=2) == {b"a", b"b"}


def test_it_says_when_the_broker_cannot_be_reached() -> None:
    away = Publisher(address=BrokerAddress(url="amqp://guest:secret@127.0.0.1:1/"))
    with pytest.raises(BrokerUnavailable, match="not available") as error:
        away.publish_all([request(b"a")])
    assert "secret" not in str(error.value)
