"""Publishing where a queue is full, or where we may not: neighbours are neither held up nor sent twice."""

from collections.abc import Iterator

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import MessagesHeld
from regards_processing.kernel.amqp.publisher import Publisher
from tests.integration.kernel.amqp.reading import Reader

pytestmark = pytest.mark.rabbitmq

REQUESTS = topology.requests()
CROWDED, PRIVATE = "test.crowded", "test.private"


def to(exchange: str, body: bytes, *, key: str = "") -> Outbound:
    return Outbound(exchange=exchange, routing_key=key, headers={}, body=body)


def request(body: bytes) -> Outbound:
    return to(topology.REQUEST_EXCHANGE, body)


@pytest.fixture
def publisher(rabbitmq: BrokerAddress) -> Iterator[Publisher]:
    opened = Publisher(address=rabbitmq)
    yield opened
    opened.close()


@pytest.fixture
def channel(rabbitmq: BrokerAddress) -> Iterator[BlockingChannel]:
    """Bind a full queue to an exchange, as a client may; another exchange takes nothing from publishers."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()
        channel.exchange_declare(CROWDED, "topic")
        channel.exchange_declare(PRIVATE, "fanout", internal=True)
        channel.queue_declare("test.full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
        channel.queue_bind("test.full", CROWDED, "full")
        channel.basic_publish("", "test.full", b"there before")
        yield channel
        channel.queue_delete("test.full")
        channel.exchange_delete(CROWDED)
        channel.exchange_delete(PRIVATE)


def test_it_holds_what_a_full_queue_gives_back(
    rabbitmq: BrokerAddress, publisher: Publisher, channel: BlockingChannel
) -> None:
    bulk = [request(b"a"), to(CROWDED, b"x", key="full"), to(CROWDED, b"y", key="free"), request(b"b")]
    with pytest.raises(
        MessagesHeld, match=r"gives back what is for 'test\.crowded' with key 'full'"
    ) as error:
        publisher.publish_all(bulk)
    assert (list(error.value.held), error.value.refused) == ([1], {})
    publisher.publish_all([request(b"c")])
    assert [each.body for each in Reader(rabbitmq).read(REQUESTS, expected=3)] == [b"a", b"b", b"c"]
    channel.queue_purge("test.full")
    publisher.publish_all([bulk[1]])
    assert channel.basic_get("test.full", auto_ack=True)[2] == b"x"


def test_it_holds_what_is_for_an_exchange_to_which_it_may_not_publish(
    rabbitmq: BrokerAddress, publisher: Publisher, channel: BlockingChannel
) -> None:
    with pytest.raises(MessagesHeld, match="ACCESS_REFUSED") as error:
        publisher.publish_all([request(b"a"), to(PRIVATE, b"x"), request(b"b"), to(PRIVATE, b"y")])
    assert (list(error.value.held), error.value.refused) == ([1, 3], {})
    assert Reader(rabbitmq).read_distinct(REQUESTS, expected=2) == {b"a", b"b"}
    # It does not ask again at once: the answer would end the channel, and its neighbours would go twice.
    channel.queue_purge(REQUESTS.name)
    with pytest.raises(MessagesHeld):
        publisher.publish_all([request(b"c"), to(PRIVATE, b"z"), request(b"d")])
    assert [each.body for each in Reader(rabbitmq).read(REQUESTS, expected=2)] == [b"c", b"d"]


@pytest.mark.usefixtures("channel")
def test_it_tells_of_an_obstacle_once(publisher: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        with pytest.raises(MessagesHeld):
            publisher.publish_all([to(CROWDED, b"x", key="full"), to(PRIVATE, b"y")])
    told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.__dict__["action"] for record in told] == ["exchange.obstructed"] * 2
    assert {record.__dict__["exchange"] for record in told} == {CROWDED, PRIVATE}


@pytest.mark.usefixtures("channel")
def test_it_holds_messages_that_were_on_their_way(publisher: Publisher) -> None:
    heard: list[object] = []
    publisher.publish_soon([request(b"a"), to(CROWDED, b"x", key="full")], done=heard.append)
    publisher.publish_soon([request(b"b"), to(PRIVATE, b"y")], done=heard.append)
    publisher.publish_soon([request(b"c")], done=heard.append)
    publisher.settle(wait=True)
    first, second, third = heard
    assert isinstance(first, MessagesHeld)
    assert list(first.held) == [1]
    assert isinstance(second, MessagesHeld)
    assert list(second.held) == [1]
    assert third is None
