"""Publishing to worker types, whose queues are declared on demand and again when they vanish."""

import pika
import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import MessagesRefused
from regards_processing.kernel.amqp.publisher import Publisher
from tests.integration.kernel.amqp.reading import Reader
from workers.contract import names

RAW, TASK = topology.worker_topology("Unzip").queues


def raw(body: bytes) -> Outbound:
    name = names.request_queue("Unzip")
    return Outbound(exchange=name, routing_key="#", headers={}, body=body, priority=0, worker_type="Unzip")


def task(body: bytes) -> Outbound:
    queue = names.task_queue("Unzip")
    return Outbound(exchange="", routing_key=queue, headers={}, body=body, worker_type="Unzip")


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
