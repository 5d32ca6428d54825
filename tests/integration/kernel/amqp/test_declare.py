"""The broker has exactly what the contract says; an independent client asks."""

from collections.abc import Iterator

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import TopologyConflict
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.topology import heartbeats

pytestmark = pytest.mark.rabbitmq

DLX = "regards.DLX"
Q1 = "regards.broadcast.rs-worker-manager.fr.cnes.regards.modules.workermanager.service.flow.RequestHandler"
EVENTS = "regards.broadcast.fr.cnes.regards.modules.workermanager.amqp.events"
DLQ_OF_REQUESTS = "regards.worker.manager.request.dlq"
DLQ_OF_ANSWERS = "regards.worker.manager.response.DLQ"
#: Name, auto-delete, priorities, dead-letter key.
QUEUES = [
    (Q1, False, 255, "regards.DLQ"),
    ("regards.worker.manager.response", False, 255, DLQ_OF_ANSWERS),
    (DLQ_OF_ANSWERS, False, 255, None),
    (DLQ_OF_REQUESTS, False, 255, None),
    ("regards.worker.manager.heartbeat.m1", True, 255, "regards.DLQ"),
    ("regards.worker.unzip.request", False, 255, DLQ_OF_REQUESTS),
    ("regards.worker.unzip.task", False, None, DLQ_OF_REQUESTS),
    ("regards.worker.manager.answer", False, None, DLQ_OF_ANSWERS),
    ("regards.DLQ", False, 255, None),
]
EXCHANGES = [
    (f"{EVENTS}.in.RequestEvent", "fanout"),
    (f"{EVENTS}.out.ResponseEvent", "fanout"),
    ("regards.broadcast.fr.cnes.regards.framework.amqp.event.notification.NotificationEvent", "fanout"),
    ("regards.worker.manager.heartbeat", "topic"),
    ("regards.worker.manager.response", "topic"),
    ("regards.worker.manager.answer", "fanout"),
    ("regards.worker.unzip.request", "topic"),
    (DLQ_OF_REQUESTS, "fanout"),
    (DLX, "topic"),
]
#: Exchange, key of a message, queue that gets it.
ROUTES = [
    (f"{EVENTS}.in.RequestEvent", "", Q1),
    ("regards.worker.manager.heartbeat", "#", "regards.worker.manager.heartbeat.m1"),
    ("regards.worker.manager.response", "anything", "regards.worker.manager.response"),
    ("regards.worker.manager.answer", "", "regards.worker.manager.answer"),
    ("regards.worker.unzip.request", "#", "regards.worker.unzip.request"),
    (DLQ_OF_REQUESTS, "", DLQ_OF_REQUESTS),
    (DLX, DLQ_OF_REQUESTS, DLQ_OF_REQUESTS),
    (DLX, DLQ_OF_ANSWERS, DLQ_OF_ANSWERS),
    (DLX, "regards.DLQ", "regards.DLQ"),
]


def arguments(priorities: int | None, key: str | None) -> dict[str, object]:
    dead_letters: dict[str, object] = {"x-dead-letter-exchange": DLX, "x-dead-letter-routing-key": key}
    levels: dict[str, object] = {} if priorities is None else {"x-max-priority": priorities}
    return {**levels, **({} if key is None else dead_letters)}


@pytest.fixture
def channel(rabbitmq: BrokerAddress) -> Iterator[BlockingChannel]:
    """Give a channel of a client that shares no code with us; the queues were declared by ours."""
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        yield connection.channel()


def test_it_declares_queues_that_others_can_declare_too(channel: BlockingChannel) -> None:
    for name, auto_delete, priorities, key in QUEUES:
        channel.queue_declare(
            name, durable=True, auto_delete=auto_delete, arguments=arguments(priorities, key)
        )


@pytest.mark.parametrize(("name", "auto_delete", "priorities", "key"), QUEUES)
def test_it_declares_no_other_arguments(
    channel: BlockingChannel, name: str, *, auto_delete: bool, priorities: int | None, key: str | None
) -> None:
    with pytest.raises(ChannelClosedByBroker, match="inequivalent arg"):
        channel.queue_declare(
            name, durable=True, auto_delete=auto_delete, arguments=arguments((priorities or 9) - 1, key)
        )


def test_it_declares_exchanges_that_others_can_declare_too(channel: BlockingChannel) -> None:
    for name, kind in EXCHANGES:
        channel.exchange_declare(name, exchange_type=kind, durable=True)


def test_it_binds_queues_as_the_contract_says(channel: BlockingChannel) -> None:
    channel.confirm_delivery()
    for exchange, key, queue in ROUTES:
        before = channel.queue_declare(queue, passive=True).method.message_count
        channel.basic_publish(exchange, key, b"{}", mandatory=True)
        assert channel.queue_declare(queue, passive=True).method.message_count == before + 1


def test_it_leaves_the_queue_of_heartbeats_to_the_manager(rabbitmq: BrokerAddress) -> None:
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        connection.channel().queue_delete(heartbeats("m1").name)
    publisher = Publisher(address=rabbitmq)
    publisher.publish_all([Outbound(exchange=DLX, headers={}, body=b"")])
    publisher.close()
    with (
        pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection,
        pytest.raises(ChannelClosedByBroker, match="no queue"),
    ):
        connection.channel().queue_declare(heartbeats("m1").name, passive=True)


def test_it_says_what_an_operator_must_remove(rabbitmq: BrokerAddress) -> None:
    with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
        channel = connection.channel()
        channel.queue_delete("regards.DLQ")
        channel.queue_declare("regards.DLQ", durable=True)
        with pytest.raises(TopologyConflict, match=r"Move its messages, delete it.*queue 'regards.DLQ'"):
            Publisher(address=rabbitmq).publish_all([Outbound(exchange=DLX, headers={}, body=b"")])
        channel.queue_delete("regards.DLQ")
