"""A queue gets the arguments of the contract and keeps its messages, whatever happens meanwhile."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pika
import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.queue_topology import topology_of
from regards_processing.kernel.amqp.relocation import NothingToRelocate, QueueInUse, relocate, waiting_queue
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.doctor.broker import queues
from regards_processing.kernel.doctor.findings import Outcome
from regards_processing.kernel.doctor.moving import UnknownQueue, move_messages
from tests.factories.audit import ADA, NOON
from tests.integration.kernel.doctor.operator_tools import Operator
from tests.integration.workers.fleet import wait_for
from tests.stack.process import ROOT
from tests.stack.wire import Wire, wire_to

pytestmark = [pytest.mark.rabbitmq, pytest.mark.django_db]

QUEUE = topology.RESPONSE_QUEUE
WAITING = waiting_queue(QUEUE).name
EXCHANGE = topology.RESPONSE_QUEUE


@pytest.fixture(autouse=True)
def _small_bulks(settings: Settings) -> None:
    """RabbitMQ takes milliseconds for each message of a queue with so many priorities."""
    settings.BULK_SIZE = 200


@pytest.fixture(autouse=True)
def _no_queues(operator: Operator) -> None:
    operator.delete(*(queue.name for queue in topology.shared_topology().queues), WAITING)
    operator.channel.exchange_delete(EXCHANGE)


def _wrong(operator: Operator, bodies: list[str], **arguments: Any) -> None:
    """Declare the queue as somebody else would, bound as it should be, with messages."""
    operator.declare(QUEUE, **({"x_max_priority": 10} | arguments))
    operator.channel.exchange_declare(EXCHANGE, "topic", durable=True)
    operator.channel.queue_bind(QUEUE, EXCHANGE, "#")
    operator.fill(QUEUE, bodies)


def _move(queue: str = QUEUE) -> int:
    return move_messages(queue=queue, actor=ADA, at=NOON)


def _outcome() -> Outcome:
    return max(finding.outcome for finding in queues(NOON))


def _numbers(count: int) -> list[str]:
    return [f"message-{number}" for number in range(count)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"x_max_priority": 10},
        {"x_max_priority": 255},
        {"x_max_priority": None, "x_queue_type": "quorum"},
        {"x_max_priority": 255, "x_message_ttl": 600_000, "x_max_length": 100_000},
    ],
)
def test_it_gives_our_arguments_and_keeps_messages(operator: Operator, arguments: dict[str, Any]) -> None:
    given = {name: value for name, value in arguments.items() if value is not None}
    operator.declare(QUEUE, **given)
    operator.fill(QUEUE, _numbers(300))
    assert _outcome() == Outcome.FAILED
    assert _move() == 300
    assert _outcome() != Outcome.FAILED
    assert operator.bodies(QUEUE) == _numbers(300)
    assert operator.count(WAITING) is None


def test_it_gives_the_routes_back(operator: Operator) -> None:
    _wrong(operator, [])
    _move()
    operator.channel.basic_publish(EXCHANGE, "any.key", b"later")
    assert operator.count(QUEUE) == 1


def test_it_keeps_what_a_message_came_with(operator: Operator) -> None:
    _wrong(operator, [])
    sent: dict[str, Any] = {
        "headers": {"regards.tenant": "demo", "n": 1, "x-death": [{"count": 2, "queue": "q"}], "none": None},
        "content_type": "application/json",
        "content_encoding": "UTF-8",
        "priority": 7,
        "correlation_id": "c-1",
        "reply_to": "me",
        "message_id": "m-1",
        "timestamp": 1_790_000_000,
        "type": "Event",
        "app_id": "somebody",
    }
    operator.fill(QUEUE, ["é"], **sent)
    _move()
    ((body, properties),) = operator.take_all(QUEUE)
    kept = sent | {"headers": {**sent["headers"], "x-replayed": True}}
    assert (body, {name: getattr(properties, name) for name in sent}) == ("é", kept)


def test_it_gives_no_date_to_a_message_without(operator: Operator) -> None:
    _wrong(operator, [])
    operator.fill(QUEUE, ["x"])
    _move()
    ((_, properties),) = operator.take_all(QUEUE)
    assert properties.timestamp is None


def test_it_makes_messages_that_would_vanish_stay(operator: Operator) -> None:
    _wrong(operator, [])
    operator.channel.basic_publish(
        "", QUEUE, b"x", pika.BasicProperties(delivery_mode=1, expiration="600000")
    )
    _move()
    ((_, properties),) = operator.take_all(QUEUE)
    assert (properties.delivery_mode, properties.expiration) == (2, None)


def test_it_writes_the_audit_trail(operator: Operator) -> None:
    _wrong(operator, _numbers(3))
    _move()
    trail = AuditEntry.objects.order_by("pk").values_list("actor", "action", "target", "details")
    assert list(trail) == [
        ("ada", "queue.move_begun", QUEUE, {}),
        ("ada", "queue.moved", QUEUE, {"messages": 3}),
    ]


def test_it_refuses_while_somebody_reads(operator: Operator) -> None:
    _wrong(operator, _numbers(3))
    operator.channel.basic_qos(prefetch_count=1)
    operator.channel.basic_consume(QUEUE, lambda *_message: None)
    with pytest.raises(QueueInUse, match="1 consumers read the queue"):
        _move()
    operator.channel.cancel()
    assert not AuditEntry.objects.exists()


def test_it_leaves_a_queue_alone_that_is_as_it_has_to_be(operator: Operator) -> None:
    ours = topology.answers()
    operator.channel.queue_declare(ours.name, durable=True, arguments=ours.arguments)
    with pytest.raises(NothingToRelocate, match="is as it has to be, or does not exist"):
        _move()
    assert not AuditEntry.objects.exists()


def test_it_declares_no_queue_that_there_is_not(operator: Operator) -> None:
    with pytest.raises(NothingToRelocate):
        _move()
    assert operator.count(QUEUE) is None


@pytest.mark.parametrize("queue", ["", "somebody.elses", "regards.worker.manager.heartbeat.m1"])
def test_it_refuses_queues_that_are_not_its_own(queue: str) -> None:
    with pytest.raises(UnknownQueue, match="is not a queue of the platform"):
        _move(queue)


@pytest.mark.parametrize(
    "queue", ["regards.jobs", "regards.worker.unzip.request", "regards.worker.unzip.task"]
)
def test_it_knows_the_queues_of_jobs_and_worker_types(operator: Operator, queue: str) -> None:
    operator.delete(queue)
    operator.declare(queue, x_max_priority=3)
    operator.fill(queue, _numbers(2))
    assert (_move(queue), operator.bodies(queue)) == (2, _numbers(2))


def test_it_loses_nothing_that_arrives_meanwhile(operator: Operator) -> None:
    _wrong(operator, _numbers(500))
    stop = threading.Event()
    late: list[str] = []
    client = threading.Thread(target=_publish, args=(operator.url, late, stop))
    client.start()
    _move()
    stop.set()
    client.join()
    assert len(late) > 10
    assert set(operator.bodies(QUEUE)) == {*_numbers(500), *late}


def _publish(url: str, sent: list[str], stop: threading.Event) -> None:
    """Publish to the exchange, each message confirmed, until told to stop."""
    client = Operator(url)
    client.channel.confirm_delivery()
    while not stop.is_set():
        body = f"late-{len(sent)}"
        client.channel.basic_publish(EXCHANGE, "#", body.encode(), mandatory=True)
        sent.append(body)
    client.close()


@pytest.fixture
def wire(operator: Operator, settings: Settings) -> Iterator[Wire]:
    """Give a wire to the broker that can be cut."""
    with wire_to(operator.url) as wire:
        settings.BROKER_URL = wire.url
        yield wire


@pytest.mark.parametrize("size", [1_000, 20_000, 60_000, 120_000])
def test_it_goes_on_where_the_connection_was_lost(operator: Operator, wire: Wire, size: int) -> None:
    _wrong(operator, _numbers(500))
    wire.cut_after(size)
    interrupted = _tried(_move)
    again = _tried(_move)
    assert (interrupted, again) in {
        (BrokerUnavailable, None),
        (None, NothingToRelocate),
        (BrokerUnavailable, NothingToRelocate),
    }
    assert set(operator.bodies(QUEUE)) == set(_numbers(500))
    assert (_outcome() == Outcome.FAILED, operator.count(WAITING)) == (False, None)


def _tried(action: Callable[[], object]) -> type[Exception] | None:
    try:
        action()
    except QueueInUse:
        # The broker still counts the consumer whose connection was cut: as the error says, try again.
        time.sleep(0.1)
        return _tried(action)
    except (BrokerUnavailable, NothingToRelocate) as error:
        return BrokerUnavailable if isinstance(error, BrokerUnavailable) else NothingToRelocate
    return None


@pytest.mark.parametrize("bulk", [1, 2, 3])
def test_it_goes_on_where_it_failed_on_the_way_back(operator: Operator, bulk: int) -> None:
    _wrong(operator, _numbers(500))
    heard: list[int] = []

    def fail(messages: int) -> None:
        heard.append(messages)
        assert len(heard) < bulk

    wanted, address = topology_of(QUEUE), address_from_settings()
    assert wanted is not None
    with pytest.raises(AssertionError):
        relocate(topology=wanted, address=address, on_moved=fail)
    assert _outcome() == Outcome.FAILED
    assert _move() == 500 - sum(heard)
    assert operator.bodies(QUEUE) == _numbers(500)


_MOVE_ALONE = """
import django; django.setup()
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.queue_topology import topology_of
from regards_processing.kernel.amqp.relocation import relocate
import sys
relocate(topology=topology_of(sys.argv[1]), address=address_from_settings(), on_moved=lambda _: None)
"""


def _process(url: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", _MOVE_ALONE, QUEUE],
        cwd=ROOT,
        env={**os.environ, "BROKER_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill_when(process: "subprocess.Popen[bytes]", happened: Callable[[], bool]) -> int:
    """Kill a process once something has happened; return how it ended."""
    while process.poll() is None and not happened():
        time.sleep(0.002)
    process.kill()
    return process.wait()


def _held(operator: Operator) -> int:
    return (operator.count(QUEUE) or 0) + (operator.count(WAITING) or 0)


def test_it_loses_nothing_when_it_is_killed(operator: Operator) -> None:
    _wrong(operator, _numbers(3000))
    way_there = _kill_when(_process(operator.url), lambda: bool(operator.count(WAITING)))
    # The broker has to notice the death before it gives back what the process had in hand.
    assert wait_for(lambda: _held(operator) >= 3000)
    way_back = _kill_when(
        _process(operator.url),
        lambda: (
            operator.count(QUEUE) is None or (operator.count(WAITING) or 0) < (operator.count(QUEUE) or 0)
        ),
    )
    _tried(_move)
    assert way_there == -signal.SIGKILL
    assert way_back in {-signal.SIGKILL, 0}
    assert set(operator.bodies(QUEUE)) == set(_numbers(3000))
    assert operator.count(WAITING) is None
