"""What happens to RabbitMQ, and to messages that only RabbitMQ can carry."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pika
import pytest
from pika.spec import BasicProperties

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.publisher import Publisher
from tests.integration.kernel.amqp.reading import DEAD_LETTERS, NoteTaker, Reader, consume
from tests.stack.wire import wire_to

pytestmark = pytest.mark.rabbitmq

REQUEST = Outbound(exchange=topology.REQUEST_EXCHANGE, headers={"regards.tenant": "perf"}, body=b"x")


@pytest.fixture
def publisher(rabbitmq: BrokerAddress) -> Iterator[Publisher]:
    opened = Publisher(address=rabbitmq)
    opened.publish_all([])
    yield opened
    opened.close()


def test_it_declares_and_consumes_again_when_its_queue_is_deleted(
    rabbitmq: BrokerAddress, publisher: Publisher
) -> None:
    consumer = NoteTaker(expected=2)
    thread = threading.Thread(target=lambda: consume(consumer, address=rabbitmq, publisher=publisher))
    publisher.publish_all([REQUEST])
    thread.start()
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()
        while not consumer.handled:
            time.sleep(0.05)
        channel.queue_delete(consumer.queue.name)
        while not consumer.stop.wait(0.2):
            channel.basic_publish(topology.REQUEST_EXCHANGE, "", b"again")
    thread.join()
    assert consumer.handled[1].body == b"again"


def test_it_publishes_over_a_new_connection_when_the_old_one_is_lost(rabbitmq: BrokerAddress) -> None:
    with wire_to(rabbitmq.url) as wire:
        publisher = Publisher(address=BrokerAddress(url=wire.url))
        publisher.publish_all([REQUEST])
        wire.cut()
        publisher.publish_all([REQUEST])
        publisher.close()
    assert len(Reader(rabbitmq).read(topology.requests(), expected=2)) == 2


def test_it_says_that_the_broker_is_away(rabbitmq: BrokerAddress) -> None:
    with wire_to(rabbitmq.url) as wire:
        publisher = Publisher(address=BrokerAddress(url=wire.url))
        publisher.publish_all([REQUEST])
    with pytest.raises(BrokerUnavailable, match="not available"):
        publisher.publish_all([REQUEST])


def test_it_consumes_on_when_its_connection_is_lost(rabbitmq: BrokerAddress, publisher: Publisher) -> None:
    with wire_to(rabbitmq.url) as wire:
        cuts = iter([wire.cut])

        def cut_once(_body: bytes) -> None:
            for cut in cuts:
                cut()

        consumer = NoteTaker(expected=20, distinct=True, on_body=cut_once)
        publisher.publish_all([replace(REQUEST, body=b"%d" % number) for number in range(10)])
        thread = threading.Thread(
            target=lambda: consume(consumer, address=BrokerAddress(url=wire.url), publisher=publisher)
        )
        thread.start()
        while not consumer.handled:
            time.sleep(0.05)
        publisher.publish_all([replace(REQUEST, body=b"%d" % number) for number in range(10, 20)])
        thread.join()
    assert {message.body for message in consumer.handled} == {b"%d" % number for number in range(20)}


def test_it_survives_headers_that_nobody_expects(rabbitmq: BrokerAddress, publisher: Publisher) -> None:
    odd = {
        "regards.tenant": 7,
        "regards.request.id": b"\xff\xfe",
        "nested": {"list": [1, None, {"deep": True}]},
        "date": dt.datetime(2025, 1, 1),  # noqa: DTZ001 (pika's way)
        "compression": "zlib",
    }
    publisher.publish_all([REQUEST])
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        properties = BasicProperties(
            headers=odd,
            content_encoding="zlib",
            user_id=urlsplit(rabbitmq.url).username,
            expiration="60000",
        )
        connection.channel().basic_publish(topology.REQUEST_EXCHANGE, "", b"malformed", properties)
    publisher.publish_all([REQUEST])
    consumer = NoteTaker(expected=3)
    consume(consumer, address=rabbitmq, publisher=publisher)
    [kept] = Reader(rabbitmq).read(DEAD_LETTERS, expected=1)
    assert len(consumer.handled) == 2
    assert {name: kept.headers[name] for name in odd} == odd


def test_it_survives_headers_that_cannot_be_read(rabbitmq: BrokerAddress, publisher: Publisher) -> None:
    publisher.publish_all([REQUEST])
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        properties = BasicProperties(headers={"date": _FarFuture(9999, 12, 31)})
        connection.channel().basic_publish(topology.REQUEST_EXCHANGE, "", b"odd", properties)
    publisher.publish_all([REQUEST])
    consumer = NoteTaker(expected=2)
    consume(consumer, address=rabbitmq, publisher=publisher)
    [kept] = Reader(rabbitmq).read(DEAD_LETTERS, expected=1)
    assert kept.body == b"odd"
    assert "cannot be read" in kept.headers["x-exception-message"]


@pytest.mark.parametrize("headers", [{"x": "€" * 43_600}, {"x": "a" * 130_900}])
def test_it_keeps_a_message_whose_headers_fill_a_frame(
    rabbitmq: BrokerAddress, publisher: Publisher, headers: dict[str, str]
) -> None:
    publisher.publish_all([REQUEST])
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        properties = BasicProperties(headers={"regards.tenant": "default", **headers})
        connection.channel().basic_publish(topology.REQUEST_EXCHANGE, "", b"malformed", properties)
    consumer = NoteTaker(expected=2)
    consume(consumer, address=rabbitmq, publisher=publisher)
    [kept] = Reader(rabbitmq).read(DEAD_LETTERS, expected=1)
    assert (kept.body, kept.headers["regards.tenant"]) == (b"malformed", "default")
    assert "headers left out: 'x' (no room for" in kept.headers["x-exception-message"]


class _FarFuture(dt.datetime):
    """A date that AMQP can write and Python cannot read."""

    def utctimetuple(self) -> time.struct_time:
        return time.struct_time((9999, 1, 1, 10**12, 0, 0, 0, 1, 0))
