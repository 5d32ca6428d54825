"""How much waits in queues."""

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.queue_depths import queue_depths

_QUEUES = [topology.REQUEST_QUEUE, topology.DEAD_LETTERS]


def _messages(address: BrokerAddress, queues: list[str]) -> dict[str, int]:
    return {depth.queue: depth.messages for depth in queue_depths(address=address, queues=queues, timeout=5)}


def test_it_counts_what_waits(address: BrokerAddress, publisher: Publisher) -> None:
    publisher.publish_all([Outbound(exchange=topology.REQUEST_EXCHANGE, headers={}, body=b"{}")] * 3)
    assert _messages(address, _QUEUES) == {topology.REQUEST_QUEUE: 3, topology.DEAD_LETTERS: 0}


@pytest.mark.rabbitmq
def test_it_leaves_out_queues_that_do_not_exist(rabbitmq: BrokerAddress) -> None:
    assert _messages(rabbitmq, ["nowhere", topology.REQUEST_QUEUE, "no.where", topology.DEAD_LETTERS]) == {
        topology.REQUEST_QUEUE: 0,
        topology.DEAD_LETTERS: 0,
    }


@pytest.mark.rabbitmq
def test_it_counts_consumers_where_the_broker_knows_them(rabbitmq: BrokerAddress) -> None:
    (depth,) = queue_depths(address=rabbitmq, queues=[topology.REQUEST_QUEUE], timeout=5)
    assert depth.consumers == 0


def test_it_does_not_know_consumers_of_the_embedded_broker(embedded: BrokerAddress) -> None:
    (depth,) = queue_depths(address=embedded, queues=[topology.REQUEST_QUEUE], timeout=5)
    assert (depth.messages, depth.consumers) == (0, None)


def test_it_says_when_the_broker_is_away() -> None:
    with pytest.raises(BrokerUnavailable):
        queue_depths(address=BrokerAddress(url="amqp://127.0.0.1:1//"), queues=_QUEUES, timeout=5)
