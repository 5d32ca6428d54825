"""Several managers, and what each of them declares."""

import re

import pytest
from pika.exceptions import ChannelClosedByBroker

from tests.acceptance.amqp_client import Peer
from tests.acceptance.participant import REQUEST_EXCHANGE, RESPONSE_EXCHANGE, Client
from tests.stack.platform import Platform

_DLX = "regards.DLX"
_REQUEST_HANDLER = "fr.cnes.regards.modules.workermanager.service.flow.RequestHandler"


def _dead_lettered(key: str) -> dict[str, object]:
    return {"x-max-priority": 255, "x-dead-letter-exchange": _DLX, "x-dead-letter-routing-key": key}


_QUEUES = {
    f"regards.broadcast.rs-worker-manager.{_REQUEST_HANDLER}": _dead_lettered("regards.DLQ"),
    "regards.worker.manager.response": _dead_lettered("regards.worker.manager.response.DLQ"),
    "regards.worker.manager.response.DLQ": {"x-max-priority": 255},
    "regards.worker.manager.request.dlq": {"x-max-priority": 255},
    "regards.DLQ": {"x-max-priority": 255},
    "regards.worker.accept-echo.request": _dead_lettered("regards.worker.manager.request.dlq"),
    # Lower case in names of queues only.
    "regards.worker.accept-nothing.request": _dead_lettered("regards.worker.manager.request.dlq"),
}
_EXCHANGES = {
    REQUEST_EXCHANGE: "fanout",
    RESPONSE_EXCHANGE: "fanout",
    "regards.worker.manager.heartbeat": "topic",
    "regards.worker.manager.response": "topic",
    "regards.worker.accept-echo.request": "topic",
    "regards.worker.manager.request.dlq": "fanout",
    _DLX: "topic",
    "regards.broadcast.fr.cnes.regards.framework.amqp.event.notification.NotificationEvent": "fanout",
}


def test_it_shares_the_work_with_a_second_manager(client: Client, shared: Platform) -> None:
    second = shared.start_manager()
    names = [f"managers-{number}" for number in range(60)]
    for name in names:
        client.submit(name, "three-steps")
    client.await_all(names, timeout=30)
    assert {tuple(client.states(name)) for name in names} == {("GRANTED", "GRANTED", "GRANTED", "SUCCESS")}
    assert re.search(r"answers applied", second.output())
    assert second.terminate() == 0


@pytest.mark.rabbitmq
@pytest.mark.parametrize("queue", _QUEUES)
def test_it_declares_queues_with_the_arguments_of_the_contract(peer: Peer, queue: str) -> None:
    peer.channel.queue_declare(queue, passive=True)
    # Refused (406) if any argument differed.
    peer.channel.queue_declare(queue, durable=True, arguments=_QUEUES[queue])


@pytest.mark.rabbitmq
@pytest.mark.parametrize("exchange", _EXCHANGES)
def test_it_declares_exchanges_of_the_types_of_the_contract(peer: Peer, exchange: str) -> None:
    peer.channel.exchange_declare(exchange, passive=True)
    peer.channel.exchange_declare(exchange, _EXCHANGES[exchange], durable=True)


@pytest.mark.rabbitmq
def test_it_has_a_queue_of_heartbeats_of_its_own_that_goes_with_it(peer: Peer, shared: Platform) -> None:
    manager = shared.start(
        "manager", ["manage.py", "consume"], ready="consuming", variables={"AMQP_INSTANCE_ID": "its-own"}
    )
    queue = "regards.worker.manager.heartbeat.its-own"
    peer.channel.queue_declare(queue, passive=True)
    arguments = _dead_lettered("regards.DLQ")
    peer.channel.queue_declare(queue, durable=True, auto_delete=True, arguments=arguments)
    assert manager.terminate() == 0
    with pytest.raises(ChannelClosedByBroker, match="NOT_FOUND"):
        peer.channel.queue_declare(queue, passive=True)
