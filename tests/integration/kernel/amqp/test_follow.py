"""Queues that come and go while they are read, on both brokers."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pika
import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.embedded import EmbeddedSource
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.ports import BulkLimits, Source
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource
from tests.integration.kernel.amqp.reading import NoteTaker, Reader

_PATIENCE = 10.0


@contextmanager
def _opened(address: BrokerAddress, limits: BulkLimits) -> Iterator[Source]:
    kind = EmbeddedSource if address.embedded else RabbitSource
    source: Source = kind(
        address=address, queues=[topology.requests()], topology=topology.shared_topology(), limits=limits
    )
    yield source
    source.close()


@pytest.fixture
def source(address: BrokerAddress) -> Iterator[Source]:
    with _opened(address, BulkLimits()) as source:
        yield source


def _follow(source: Source, *tenants: str) -> None:
    source.follow({topology.session_counts(name): topology.tenant_topology(name) for name in tenants})


def _report(tenant: str, body: bytes) -> Outbound:
    """Return a message that reaches the queue of a tenant, if there is one."""
    name = topology.session_counts(tenant).name
    return Outbound(exchange=topology.UNICAST_EXCHANGE, routing_key=name, headers={}, body=body)


def _arrived(source: Source, tenant: str) -> list[Inbound]:
    """Wait for messages of a tenant, and acknowledge them."""
    queue, deadline = topology.session_counts(tenant), time.monotonic() + _PATIENCE
    messages: Sequence[Inbound] = ()
    while not messages and time.monotonic() < deadline:
        source.read(0.1)
        messages = source.take(queue)
    source.acknowledge(queue)
    return list(messages)


def test_it_declares_and_reads_queues_that_come(source: Source, publisher: Publisher) -> None:
    _follow(source, "early")
    publisher.publish_all([_report("early", b"a"), _report("late", b"reaches no queue yet")])
    assert [message.body for message in _arrived(source, "early")] == [b"a"]
    _follow(source, "early", "late")
    publisher.publish_all([_report("early", b"b"), _report("late", b"c")])
    (message,) = _arrived(source, "late")
    assert (message.body, message.queue) == (b"c", topology.session_counts("late").name)
    assert [message.body for message in _arrived(source, "early")] == [b"b"]


def test_it_leaves_messages_where_they_are_when_their_queue_goes(
    source: Source, publisher: Publisher, reader: Reader
) -> None:
    _follow(source, "goes")
    publisher.publish_all([_report("goes", b"read, not taken")])
    source.read(1.0)
    _follow(source)
    publisher.publish_all([_report("goes", b"came later")])
    left = reader.read(topology.session_counts("goes"), expected=2)
    assert {message.body for message in left} == {b"read, not taken", b"came later"}


@pytest.mark.parametrize(("limits", "held"), [(BulkLimits(messages=2), 2), (BulkLimits(body_bytes=1), 1)])
def test_it_reads_on_when_a_queue_goes_that_had_as_much_as_is_held(
    address: BrokerAddress, publisher: Publisher, limits: BulkLimits, held: int
) -> None:
    with _opened(address, limits) as source:
        _follow(source, "goes", "stays")
        publisher.publish_all([_report("goes", b"a"), _report("goes", b"b")])
        deadline = time.monotonic() + _PATIENCE
        while source.waiting(topology.session_counts("goes")) < held and time.monotonic() < deadline:
            source.read(0.1)
        _follow(source, "stays")
        publisher.publish_all([_report("stays", b"c")])
        assert [message.body for message in _arrived(source, "stays")] == [b"c"]


def test_the_loop_asks_now_and_then_which_queues_there_are(
    address: BrokerAddress, publisher: Publisher
) -> None:
    guest = NoteTaker(expected=1, queue=topology.session_counts("guest"))
    guest.topology = topology.tenant_topology("guest")
    looks: list[list[Outbound]] = []

    def guests() -> list[NoteTaker]:
        # It comes with the second look, and its message when it is read.
        looks.append([_report("guest", b"a")] if len(looks) > 1 else [])
        publisher.publish_all(looks[-1])
        return [guest][: len(looks) - 1]

    BulkLoop(
        [NoteTaker(expected=1)],
        address=address,
        topology=topology.shared_topology(),
        publisher=publisher,
        guests=guests,
        look_every=0.01,
    ).run(guest.stop)
    assert guest.handled[0].body == b"a"


@pytest.mark.parametrize("address", [pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)], indirect=True)
class TestRabbitMq:
    def test_it_does_without_a_queue_of_another_definition(
        self,
        source: Source,
        publisher: Publisher,
        rabbitmq: BrokerAddress,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
            connection.channel().queue_declare(topology.session_counts("other").name, durable=True)
        for _ in range(2):
            _follow(source, "other", "well")
        publisher.publish_all([_report("well", b"a")])
        assert [message.body for message in _arrived(source, "well")] == [b"a"]
        assert source.take(topology.session_counts("other")) == ()
        told = [record for record in caplog.records if getattr(record, "action", "") == "queue.conflict"]
        assert len(told) == 1

    def test_it_declares_a_queue_again_that_was_deleted(
        self, source: Source, publisher: Publisher, rabbitmq: BrokerAddress
    ) -> None:
        _follow(source, "deleted")
        with pika.BlockingConnection(pika.URLParameters(rabbitmq.url)) as connection:
            connection.channel().queue_delete(topology.session_counts("deleted").name)
        for _ in range(2):
            source.read(1.0)
        publisher.publish_all([_report("deleted", b"a")])
        assert [message.body for message in _arrived(source, "deleted")] == [b"a"]

    def test_it_does_without_a_queue_whose_exchange_is_missing(
        self, source: Source, publisher: Publisher, caplog: pytest.LogCaptureFixture
    ) -> None:
        lost = topology.requests_of("well")
        for _ in range(2):
            source.follow(
                {
                    lost: topology.sorted_topology("well"),
                    topology.session_counts("well"): topology.tenant_topology("well"),
                }
            )
        publisher.publish_all([_report("well", b"a")])
        assert [message.body for message in _arrived(source, "well")] == [b"a"]
        assert (source.waiting(lost), source.take(lost)) == (0, ())
        told = [record for record in caplog.records if getattr(record, "action", "") == "queue.conflict"]
        assert [getattr(record, "queue", "") for record in told] == [lost.name]
