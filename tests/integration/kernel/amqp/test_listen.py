"""A client listens on a queue of its own, on a broker of each kind."""

import time

import pytest

from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import MessagesRefused
from regards_processing.kernel.amqp.listener import Listener
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.topology import RESPONSE_EVENT_EXCHANGE
from workers.contract.names import RESPONSE_EXCHANGE

_PATIENCE = 10.0


def _response(body: bytes) -> Outbound:
    return Outbound(exchange=RESPONSE_EVENT_EXCHANGE, headers={}, body=body, must_route=True)


def _heard(listener: Listener, *, expected: int) -> list[bytes]:
    """Return the bodies that a listener hears, in their order."""
    bodies: list[bytes] = []
    deadline = time.monotonic() + _PATIENCE
    while len(bodies) < expected and time.monotonic() < deadline:
        bodies += [message.body for message in listener.receive(0.2)]
    return bodies


def test_it_hears_everything_since_its_block_was_entered(
    address: BrokerAddress, publisher: Publisher
) -> None:
    with Listener(client_id="one", address=address) as listener:
        publisher.publish_all([_response(b'{"n":1}'), _response(b'{"n":2}')])
        assert _heard(listener, expected=2) == [b'{"n":1}', b'{"n":2}']
        assert listener.receive(0) == []


def test_it_hears_what_another_client_hears(address: BrokerAddress, publisher: Publisher) -> None:
    with Listener(client_id="one", address=address) as one, Listener(client_id="two", address=address) as two:
        publisher.publish_all([_response(b"{}")])
        assert (_heard(one, expected=1), _heard(two, expected=1)) == ([b"{}"], [b"{}"])


def test_it_hears_several_exchanges(address: BrokerAddress, publisher: Publisher) -> None:
    exchanges = (RESPONSE_EVENT_EXCHANGE, RESPONSE_EXCHANGE)
    with Listener(client_id="one", exchanges=exchanges, address=address) as listener:
        answer = Outbound(
            exchange=RESPONSE_EXCHANGE, routing_key="#", headers={}, body=b'{"from":"a worker"}'
        )
        publisher.publish_all([_response(b"{}"), answer])
        assert sorted(_heard(listener, expected=2)) == [b'{"from":"a worker"}', b"{}"]


def test_it_takes_its_queue_away(address: BrokerAddress, publisher: Publisher) -> None:
    with Listener(client_id="one", address=address):
        publisher.publish_all([_response(b"{}")])
    with pytest.raises(MessagesRefused, match="No queue takes"):
        publisher.publish_all([_response(b"{}")])
