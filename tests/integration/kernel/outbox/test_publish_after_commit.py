"""What a transaction decided is published after its commit."""

from dataclasses import replace

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp.envelope import Outbound, unpack
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.db.transactions import TransactionRequired, transaction
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.outbox.port import publishing_through
from regards_processing.kernel.outbox.services import publish_after_commit
from tests.factories.worker_manager import AT
from tests.fakes.difficult_brokers import BrokerWithForeignQueue, ChoosyBroker, FaultyBroker

pytestmark = pytest.mark.django_db(transaction=True)


def _to(exchange: str) -> Outbound:
    return Outbound(exchange=exchange, headers={}, body=b"\x00\xff")


def _dispatch(worker_type: str) -> Outbound:
    return Outbound(
        exchange=worker_type,
        headers={"regards.tenant": "perf", "regards.request.id": "r-1", "own": "x"},
        body=b"\xff",
        message_id="7:0:1",
        worker_type=worker_type,
    )


def _publish(broker: InMemoryBroker, *exchanges: str) -> None:
    with publishing_through(broker), transaction():
        publish_after_commit(messages=[_to(exchange) for exchange in exchanges], at=AT)


def _publish_and_fail(broker: InMemoryBroker) -> None:
    with publishing_through(broker), transaction():
        publish_after_commit(messages=[_to("a")], at=AT)
        raise ZeroDivisionError


def test_it_publishes_after_the_commit_and_not_before() -> None:
    broker = InMemoryBroker()
    with publishing_through(broker), transaction():
        publish_after_commit(messages=[_to("a")], at=AT)
        assert (broker.published, OutboxEntry.objects.get().message_count) == ([], 1)
    assert broker.published == [_to("a")]
    assert not OutboxEntry.objects.exists()


def test_it_publishes_a_bulk_at_once_and_in_order() -> None:
    broker = InMemoryBroker()
    _publish(broker, "a", "b", "c")
    assert [message.exchange for message in broker.published] == ["a", "b", "c"]


def test_it_forgets_what_was_rolled_back() -> None:
    broker = InMemoryBroker()
    with pytest.raises(ZeroDivisionError):
        _publish_and_fail(broker)
    assert (broker.published, OutboxEntry.objects.exists()) == ([], False)


def test_it_wants_a_transaction() -> None:
    with pytest.raises(TransactionRequired, match="inside a transaction"):
        publish_after_commit(messages=[_to("a")], at=AT)


def test_it_stores_nothing_when_there_is_nothing_to_say() -> None:
    with transaction():
        publish_after_commit(messages=[], at=AT)
        assert not OutboxEntry.objects.exists()


@pytest.mark.parametrize(
    ("sizes", "entries"),
    [
        ([10], [[10]]),
        ([4, 6], [[4, 6]]),
        ([4, 7], [[4], [7]]),
        ([11, 1, 9, 1], [[11], [1, 9], [1]]),
        ([1, 25, 0, 25], [[1], [25], [0], [25]]),
    ],
)
def test_it_stores_no_more_than_a_bulk_s_bytes_in_an_entry(
    settings: Settings, sizes: list[int], entries: list[list[int]]
) -> None:
    settings.BULK_MAX_BYTES = 10
    messages = [Outbound(exchange="a", headers={}, body=b"." * size) for size in sizes]
    broker = InMemoryBroker()
    with publishing_through(broker), transaction():
        publish_after_commit(messages=messages, at=AT)
        stored = [unpack(bytes(entry.messages)) for entry in OutboxEntry.objects.order_by("pk")]
    assert [[len(message.body) for message in entry] for entry in stored] == entries
    assert broker.published == messages
    assert not OutboxEntry.objects.exists()


def test_it_keeps_messages_while_the_broker_is_away() -> None:
    broker = InMemoryBroker()
    broker.down = True
    _publish(broker, "a", "b")
    assert OutboxEntry.objects.get().message_count == 2


def test_it_gives_up_what_the_broker_can_never_take() -> None:
    broker = ChoosyBroker()
    _publish(broker, "a", "nowhere", "b")
    assert [message.exchange for message in broker.published] == ["a", "b"]
    assert not OutboxEntry.objects.exists()


def test_it_keeps_what_is_for_a_worker_type_whose_queue_is_not_ours() -> None:
    broker = BrokerWithForeignQueue()
    bulk = [_to("a"), _dispatch("bad"), _to("nowhere"), _dispatch("good"), _dispatch("bad")]
    with publishing_through(broker), transaction():
        publish_after_commit(messages=bulk, at=AT)
    assert broker.published == [_to("a"), _dispatch("good")]
    entry = OutboxEntry.objects.get()
    assert (unpack(bytes(entry.messages)), entry.message_count) == ([_dispatch("bad")] * 2, 2)


def test_it_leaves_a_dead_letter_of_a_dispatch_that_can_never_be_sent() -> None:
    broker = ChoosyBroker()
    lost = replace(_dispatch("good"), exchange="nowhere")
    with publishing_through(broker), transaction():
        publish_after_commit(messages=[_dispatch("good"), lost], at=AT)
    assert broker.published == [_dispatch("good")]
    [dead] = unpack(bytes(OutboxEntry.objects.get().messages))
    assert (dead.exchange, dead.message_id, dead.body) == (
        "regards.worker.manager.request.dlq",
        "7:0:1",
        b"{}",
    )
    assert dead.headers == {
        "regards.tenant": "perf",
        "regards.request.id": "r-1",
        "x-exception-stacktrace": "The broker can never take this dispatch: no route",
    }


def test_it_keeps_messages_after_a_fault_that_nobody_foresaw() -> None:
    _publish(FaultyBroker(), "a", "trap")
    assert OutboxEntry.objects.get().message_count == 2
