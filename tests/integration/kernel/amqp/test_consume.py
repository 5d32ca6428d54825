"""Consuming bulks, on both brokers."""

import json
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import OperationalError

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.answer_parts import answer_parts
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.topology import QueueSpec
from tests.integration.kernel.amqp.reading import DEAD_LETTERS, NoteTaker, Reader, Ticks, consume
from workers.contract import answer_bulk, names


def requests(*bodies: bytes) -> list[Outbound]:
    return [
        Outbound(
            exchange=topology.REQUEST_EXCHANGE,
            headers={"regards.tenant": "perf"},
            body=body,
            message_id="m",
        )
        for body in bodies
    ]


def refuse_poison(body: bytes) -> None:
    if body == b"poison":
        raise KeyError("surprise")


def test_it_hands_over_everything_once_and_in_order(address: BrokerAddress, publisher: Publisher) -> None:
    sent = [b"%d" % number for number in range(500)]
    publisher.publish_all(requests(*sent))
    consumer = NoteTaker(expected=500)
    loop = consume(consumer, address=address, publisher=publisher)
    counters = loop.counters[consumer.queue.name]
    assert [message.body for message in consumer.handled] == sent
    assert (counters.messages, counters.refused) == (500, 0)
    assert counters.bulks == len(consumer.bulks)
    again = NoteTaker(expected=1)
    publisher.publish_all(requests(b"last"))
    consume(again, address=address, publisher=publisher)
    assert [message.body for message in again.handled] == [b"last"]


def test_it_closes_a_bulk_that_is_full(address: BrokerAddress, publisher: Publisher) -> None:
    publisher.publish_all(requests(*[b"x" * 10] * 50))
    consumer = NoteTaker(expected=50)
    consume(consumer, address=address, publisher=publisher, limits=BulkLimits(messages=7))
    assert max(map(len, consumer.bulks)) <= 7


def test_it_closes_a_bulk_whose_bodies_are_large(address: BrokerAddress, publisher: Publisher) -> None:
    publisher.publish_all(requests(*[b"x" * 1000] * 20))
    consumer = NoteTaker(expected=20)
    consume(consumer, address=address, publisher=publisher, limits=BulkLimits(body_bytes=3000))
    assert max(map(len, consumer.bulks)) <= 3


def test_it_keeps_bad_messages_and_handles_their_neighbours(
    address: BrokerAddress, publisher: Publisher, reader: Reader
) -> None:
    publisher.publish_all(requests(b"a", b"malformed", b"b", b"poison", b"c"))
    consumer = NoteTaker(expected=4, on_body=refuse_poison)
    consume(consumer, address=address, publisher=publisher)
    assert {message.body for message in consumer.handled} == {b"a", b"b", b"c"}
    kept = {message.body: message for message in reader.read(DEAD_LETTERS, expected=2)}
    assert kept[b"malformed"].headers["x-exception-message"] == "not what we agreed"
    assert "KeyError: 'surprise'" in kept[b"poison"].headers["x-exception-stacktrace"]
    assert kept[b"poison"].headers["x-death-queue"] == consumer.queue.name
    assert (kept[b"poison"].message_id, kept[b"poison"].headers["regards.tenant"]) == ("m", "perf")


@pytest.mark.django_db  # the loop looks after the connection of this process
def test_it_gets_messages_again_after_a_database_error(address: BrokerAddress, publisher: Publisher) -> None:
    down = iter([OperationalError("server closed the connection")])

    def lose_the_database_once(_body: bytes) -> None:
        for error in down:
            raise error

    publisher.publish_all(requests(b"a", b"b"))
    consumer = NoteTaker(expected=2, on_body=lose_the_database_once)
    consume(consumer, address=address, publisher=publisher)
    assert {message.body for message in consumer.handled} == {b"a", b"b"}
    assert all(message.redelivered for message in consumer.handled)


def test_it_ticks_while_nothing_happens(address: BrokerAddress, publisher: Publisher) -> None:
    consumer = NoteTaker(expected=1)
    ticks = Ticks(expected=3, stop=consumer.stop)
    consume(consumer, address=address, publisher=publisher, on_tick=ticks)
    assert ticks.at[2] - ticks.at[0] == pytest.approx(2.0, abs=0.5)


def test_it_adds_no_delay_when_idle(address: BrokerAddress, publisher: Publisher) -> None:
    arrived: list[float] = []
    consumer = NoteTaker(expected=5, on_body=lambda _body: arrived.append(time.monotonic()))
    thread = threading.Thread(target=lambda: consume(consumer, address=address, publisher=publisher))
    thread.start()
    sent: list[float] = []
    while thread.is_alive():
        sent.append(time.monotonic())
        publisher.publish_all(requests(b"x"))
        while len(arrived) < len(sent):
            time.sleep(0.05)
        thread.join(0.2)
    waits = [at - published for at, published in zip(arrived, sent, strict=True)]
    assert sorted(waits)[2] < 0.1


def test_it_finishes_the_bulk_in_hand_when_it_is_told_to_stop(
    address: BrokerAddress, publisher: Publisher
) -> None:
    publisher.publish_all(requests(b"a", b"b"))
    consumer = NoteTaker(expected=2)
    consumer.on_body = lambda _body: consumer.stop.set()
    consume(consumer, address=address, publisher=publisher)
    left = NoteTaker(expected=1)
    publisher.publish_all(requests(b"c"))
    consume(left, address=address, publisher=publisher)
    assert [m.body for m in consumer.handled + left.handled] == [b"a", b"b", b"c"]


def test_it_goes_on_ticking_when_a_tick_fails(address: BrokerAddress, publisher: Publisher) -> None:
    publisher.publish_all(requests(b"a"))
    consumer = NoteTaker(expected=1)

    def fail() -> None:
        raise KeyError("surprise")

    consume(consumer, address=address, publisher=publisher, on_tick=fail)
    assert [message.body for message in consumer.handled] == [b"a"]


class BulkTaker(NoteTaker):
    """Reads answers, of which several may travel in one message."""

    def parts(self, message: Inbound) -> Sequence[Inbound]:
        return answer_parts(message)


@pytest.mark.parametrize(
    "head",
    [
        {"headers": {"h" * 256: "x"}, "correlationId": "c"},
        {"headers": {"number": 2**64}, "correlationId": "c"},
        {"headers": {"x": "€" * 60_000}, "correlationId": "c"},
        {"headers": {}, "correlationId": "c" * 256},
    ],
)
def test_it_keeps_what_can_be_kept_of_a_message_that_cannot_be_written_again(
    address: BrokerAddress, publisher: Publisher, reader: Reader, head: dict[str, Any]
) -> None:
    odd = [json.dumps(head).encode(), b"malformed"]
    good = [json.dumps({"headers": {}, "correlationId": "c"}).encode(), b"good"]
    bulk = Outbound(
        exchange=names.FENCED_ANSWERS,
        headers={},
        body=b"\n".join(odd + good),
        content_type=answer_bulk.CONTENT_TYPE,
    )
    publisher.publish_all([bulk])
    queue = topology.fenced_answers()
    consumer = BulkTaker(expected=2, queue=queue)
    consume(consumer, address=address, publisher=publisher)
    assert [message.body for message in consumer.handled] == [b"good"]
    [kept] = reader.read(QueueSpec(name=queue.dead_letter_key, dead_lettered_by_broker=False), expected=1)
    assert kept.body == b"malformed"
    assert kept.headers["x-exception-message"].startswith("not what we agreed")
    assert kept.headers["x-death-queue"] == queue.name
