"""While a broker holds publishers back, no try leaves a copy, and nobody waits a second time."""

import time
from collections.abc import Iterator

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import PublishersBlocked
from regards_processing.kernel.amqp.publisher import Publisher
from tests.integration.kernel.amqp.reading import Reader
from tests.stack.wire import Wire, wire_to

pytestmark = pytest.mark.rabbitmq

REQUESTS = topology.requests()
_PATIENCE = 1.0


def request(body: bytes) -> Outbound:
    return Outbound(exchange=topology.REQUEST_EXCHANGE, headers={"regards.tenant": "perf"}, body=body)


def dispatch(body: bytes) -> Outbound:
    return Outbound(exchange="", routing_key="q", headers={}, body=body, worker_type="never seen before")


@pytest.fixture
def wire(rabbitmq: BrokerAddress) -> Iterator[Wire]:
    with wire_to(rabbitmq.url) as wire:
        yield wire


@pytest.fixture
def publisher(wire: Wire) -> Iterator[Publisher]:
    """Give one that has written into a blocked broker."""
    opened = Publisher(address=BrokerAddress(url=wire.url), confirm_timeout=_PATIENCE)
    opened.publish_all([])
    wire.block()
    with pytest.raises(PublishersBlocked):
        opened.publish_all([request(b"first")])
    yield opened
    wire.unblock()
    opened.close()


def _bodies(address: BrokerAddress, *, expected: int) -> list[bytes]:
    return [message.body for message in Reader(address).read(REQUESTS, expected=expected)]


def test_it_writes_nothing_more(rabbitmq: BrokerAddress, wire: Wire, publisher: Publisher) -> None:
    started = time.monotonic()
    for message in (request(b"vain"), dispatch(b"vain"), request(b"vain")):
        with pytest.raises(PublishersBlocked):
            publisher.publish_all([message])
    assert time.monotonic() - started < _PATIENCE
    wire.unblock()
    assert _bodies(rabbitmq, expected=1) == [b"first"]
    publisher.publish_all([request(b"last")])
    assert _bodies(rabbitmq, expected=1) == [b"last"]


def test_it_tells_so_at_once_of_what_was_to_leave_soon(
    rabbitmq: BrokerAddress, wire: Wire, publisher: Publisher
) -> None:
    heard: list[object] = []
    publisher.publish_soon([request(b"vain")], done=heard.append)
    assert [type(error) for error in heard] == [PublishersBlocked]
    wire.unblock()
    assert _bodies(rabbitmq, expected=1) == [b"first"]
    publisher.publish_soon([request(b"last")], done=heard.append)
    publisher.settle(wait=True)
    assert heard[1:] == [None]
    assert _bodies(rabbitmq, expected=1) == [b"last"]


def test_it_notices_that_its_connection_is_lost(
    rabbitmq: BrokerAddress, wire: Wire, publisher: Publisher
) -> None:
    wire.cut()
    wire.unblock()
    publisher.publish_all([request(b"last")])
    assert b"last" in _bodies(rabbitmq, expected=1)


def test_it_stops_in_the_middle_of_a_bulk(rabbitmq: BrokerAddress, wire: Wire) -> None:
    publisher = Publisher(address=BrokerAddress(url=wire.url), confirm_timeout=60)
    publisher.publish_all([])
    wire.block()
    started = time.monotonic()
    with pytest.raises(PublishersBlocked):
        publisher.publish_all([request(bytes(10_000)) for _ in range(3000)])
    assert time.monotonic() - started < 20
    wire.unblock()
    # What was written before arrives, and by then the broker has said that it takes more.
    assert _bodies(rabbitmq, expected=1)[0] == bytes(10_000)
    publisher.publish_all([request(b"last")])
    publisher.close()
