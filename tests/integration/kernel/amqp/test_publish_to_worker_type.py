"""Publishing to worker types, whose queues are declared on demand and again when they vanish."""

from collections.abc import Iterator
from dataclasses import replace

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import MessagesHeld, MessagesRefused
from regards_processing.kernel.amqp.publisher import Publisher
from tests.integration.kernel.amqp.reading import Reader
from workers.contract import names

RAW, TASK = topology.worker_topology("Unzip").queues
BAD = topology.worker_topology("bad").queues[0]


def raw(body: bytes) -> Outbound:
    name = names.request_queue("Unzip")
    return Outbound(exchange=name, routing_key="#", headers={}, body=body, priority=0, worker_type="Unzip")


def task(body: bytes) -> Outbound:
    queue = names.task_queue("Unzip")
    return Outbound(exchange="", routing_key=queue, headers={}, body=body, worker_type="Unzip")


def bad(body: bytes) -> Outbound:
    return replace(raw(body), exchange=BAD.name, worker_type="bad")


def test_it_declares_both_queues_before_the_first_message(publisher: Publisher, reader: Reader) -> None:
    publisher.publish_all([raw(b"raw"), task(b"task")])
    assert [message.body for message in reader.read(RAW, expected=1)] == [b"raw"]
    assert [message.body for message in reader.read(TASK, expected=1)] == [b"task"]


def test_it_refuses_a_key_that_no_queue_takes(publisher: Publisher, reader: Reader) -> None:
    astray = Outbound(exchange="regards.DLX", routing_key="nowhere", headers={}, body=b"", must_route=True)
    with pytest.raises(MessagesRefused, match=r"No queue takes 'regards\.DLX' with key 'nowhere'") as refused:
        publisher.publish_all([raw(b"a"), astray, raw(b"b")])
    assert list(refused.value.refused) == [1]
    assert reader.read_distinct(RAW, expected=2) == {b"a", b"b"}


def test_it_declares_again_what_vanished_from_the_folder(embedded: BrokerAddress) -> None:
    publisher = Publisher(address=embedded)
    publisher.publish_all([raw(b"first")])
    for file in (embedded.folder / "control").glob("*.exchange"):
        file.unlink()
    publisher.publish_all([raw(b"second")])
    assert [message.body for message in Reader(embedded).read(RAW, expected=2)] == [b"first", b"second"]


@pytest.mark.rabbitmq
def test_it_declares_a_deleted_queue_again(rabbitmq: BrokerAddress) -> None:
    publisher = Publisher(address=rabbitmq)
    publisher.publish_all([raw(b"first")])
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        connection.channel().queue_delete(RAW.name)
    publisher.publish_all([raw(b"%d" % number) for number in range(300)])
    assert len(Reader(rabbitmq).read(RAW, expected=300)) == 300
    publisher.close()


@pytest.mark.rabbitmq
def test_it_declares_a_deleted_exchange_again(rabbitmq: BrokerAddress) -> None:
    publisher = Publisher(address=rabbitmq)
    publisher.publish_all([raw(b"first"), task(b"task")])
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        connection.channel().exchange_delete(names.request_queue("Unzip"))
    publisher.publish_all([task(b"before"), raw(b"second"), task(b"after")])
    assert Reader(rabbitmq).read_distinct(RAW, expected=2) == {b"first", b"second"}
    assert Reader(rabbitmq).read_distinct(TASK, expected=3) == {b"task", b"before", b"after"}
    publisher.close()


def test_it_refuses_what_is_for_a_type_that_can_have_no_queue(publisher: Publisher, reader: Reader) -> None:
    lost = replace(raw(b"lost"), worker_type="é" * 128)
    with pytest.raises(MessagesRefused, match="is too long"):
        publisher.publish_all([lost, raw(b"good")])
    assert [message.body for message in reader.read(RAW, expected=1)] == [b"good"]


def test_it_holds_what_is_for_a_type_whose_queue_can_be_no_file(embedded: BrokerAddress) -> None:
    publisher = Publisher(address=embedded)
    with pytest.raises(MessagesHeld, match="limited to 200 bytes") as error:
        publisher.publish_all([replace(raw(b"long"), worker_type="é" * 110), raw(b"good")])
    assert (list(error.value.held), error.value.refused) == ([0], {})
    assert [message.body for message in Reader(embedded).read(RAW, expected=1)] == [b"good"]


@pytest.fixture
def foreign_queue(rabbitmq: BrokerAddress) -> Iterator[BlockingChannel]:
    """Declare the queue of a worker type without arguments, as a worker of somebody else might."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()
        channel.queue_delete(BAD.name)
        channel.queue_declare(BAD.name, durable=True)
        yield channel
        channel.queue_delete(BAD.name)


@pytest.mark.rabbitmq
def test_it_holds_what_is_for_a_type_whose_queue_is_not_ours(
    rabbitmq: BrokerAddress, foreign_queue: BlockingChannel, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(address=rabbitmq)
    bulk = [bad(b"bad"), raw(b"good"), replace(raw(b"large"), headers={"h" * 256: ""}), task(b"task")]
    for _ in range(2):
        with pytest.raises(MessagesHeld, match="with another definition") as error:
            publisher.publish_all(bulk)
        assert (list(error.value.held), list(error.value.refused)) == ([0], [2])
    assert [message.body for message in Reader(rabbitmq).read(RAW, expected=2)] == [b"good"] * 2
    assert [message.body for message in Reader(rabbitmq).read(TASK, expected=2)] == [b"task"] * 2
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    publisher.close()
    foreign_queue.queue_delete(BAD.name)
    mended = Publisher(address=rabbitmq)
    mended.publish_all([bad(b"bad")])
    assert [message.body for message in Reader(rabbitmq).read(BAD, expected=1)] == [b"bad"]
    mended.close()


@pytest.mark.rabbitmq
@pytest.mark.usefixtures("foreign_queue")
def test_it_holds_them_while_others_are_on_their_way(rabbitmq: BrokerAddress) -> None:
    publisher = Publisher(address=rabbitmq)
    heard: list[object] = []
    unsendable = replace(raw(b"large"), headers={"h" * 256: ""})
    publisher.publish_soon([raw(b"good"), bad(b"bad"), unsendable], done=heard.append)
    publisher.publish_soon([bad(b"bad")], done=heard.append)
    publisher.publish_soon([unsendable], done=heard.append)
    publisher.publish_soon([raw(b"good")], done=heard.append)
    publisher.settle(wait=True)
    first, second, third, fourth = heard
    assert isinstance(first, MessagesHeld)
    assert (list(first.held), list(first.refused)) == ([1], [2])
    assert isinstance(second, MessagesHeld)
    assert isinstance(third, MessagesRefused)
    assert fourth is None
    publisher.close()


@pytest.mark.rabbitmq
def test_it_tells_what_it_refused_of_a_bulk_that_was_confirmed_meanwhile(rabbitmq: BrokerAddress) -> None:
    publisher = Publisher(address=rabbitmq)
    heard: list[object] = []
    publisher.publish_soon([raw(b"good"), replace(raw(b"x"), headers={"h" * 256: ""})], done=heard.append)
    while not heard:
        publisher.settle()
    [refused] = heard
    assert isinstance(refused, MessagesRefused)
    assert list(refused.refused) == [1]
    publisher.close()


@pytest.mark.rabbitmq
def test_it_holds_a_bulk_that_vanished_queues_turn_out_to_be_in_the_way_of(rabbitmq: BrokerAddress) -> None:
    publisher = Publisher(address=rabbitmq)
    publisher.publish_all([raw(b"first"), bad(b"first")])
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()
        channel.queue_delete(BAD.name)
        channel.queue_declare(BAD.name, durable=True)
        with pytest.raises(MessagesHeld) as error:
            publisher.publish_all([raw(b"second"), bad(b"second")])
        channel.queue_delete(BAD.name)
    assert list(error.value.held) == [1]
    publisher.close()
