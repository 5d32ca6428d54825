"""The relay sends what a crash or an absent broker left behind."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.amqp.envelope import Outbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.outbox.port import publishing_through
from regards_processing.kernel.outbox.services import publish_after_commit, relay_outbox
from tests.factories.worker_manager import AT, later
from tests.fakes.difficult_brokers import (
    BrokerWithForeignQueue,
    BrokerWithFullQueue,
    BrokerWithoutInstance,
    ChoosyBroker,
    FaultyBroker,
)
from tests.fakes.other_process import while_uncommitted

_GRACE = timedelta(seconds=10)


def _left_behind(*exchanges: str) -> None:
    """Leave one entry an exchange, as a process does that dies between commit and publication.

    The transaction of a test never commits, so what comes after the commit never happens.
    """
    for exchange in exchanges:
        publish_after_commit(messages=[Outbound(exchange=exchange, headers={"h": "1"}, body=b"\xff")], at=AT)


def _left_together(*exchanges: str) -> None:
    """Leave one entry; what is for the exchange ``bad`` is for the worker type of this name."""
    of_types = {"bad": "bad"}
    messages = [
        Outbound(exchange=exchange, headers={}, body=b"", worker_type=of_types.get(exchange))
        for exchange in exchanges
    ]
    publish_after_commit(messages=messages, at=AT)


class FailingBroker(InMemoryBroker):
    """Goes away after so many messages."""

    def __init__(self, *, after: int) -> None:
        super().__init__()
        self._after = after

    def publish_all(self, messages: Sequence[Outbound]) -> None:
        self.down = self.down or len(self.published) >= self._after
        super().publish_all(messages)


def _relay(broker: InMemoryBroker, *, seconds: float = 11) -> int:
    with publishing_through(broker):
        return relay_outbox(at=later(seconds), grace=_GRACE)


def _sent(broker: InMemoryBroker) -> list[str]:
    return [message.exchange for message in broker.published]


@pytest.mark.django_db
def test_it_sends_what_a_crash_left_behind() -> None:
    _left_behind("a")
    broker = InMemoryBroker()
    assert _relay(broker) == 1
    assert broker.published == [Outbound(exchange="a", headers={"h": "1"}, body=b"\xff")]
    assert not OutboxEntry.objects.exists()


@pytest.mark.django_db
def test_it_leaves_fresh_entries_to_their_own_process() -> None:
    _left_behind("a")
    assert _relay(InMemoryBroker(), seconds=10) == 0
    assert OutboxEntry.objects.exists()


@pytest.mark.django_db
def test_it_sends_many_entries_oldest_first() -> None:
    names = [f"e{number}" for number in range(25)]
    _left_behind(*names)
    broker = InMemoryBroker()
    assert (_relay(broker), _sent(broker)) == (25, names)


@pytest.mark.django_db
def test_it_keeps_everything_while_the_broker_is_away() -> None:
    _left_behind("a", "b")
    broker = InMemoryBroker()
    broker.down = True
    with pytest.raises(BrokerUnavailable):
        _relay(broker)
    assert OutboxEntry.objects.count() == 2


@pytest.mark.django_db
def test_it_gives_up_what_the_broker_can_never_take() -> None:
    _left_behind("a", "nowhere", "b")
    broker = ChoosyBroker()
    _relay(broker)
    assert (_sent(broker), OutboxEntry.objects.exists()) == (["a", "b"], False)


@pytest.mark.django_db
def test_it_does_not_let_one_entry_hold_up_the_others() -> None:
    _left_behind("a", "trap", *(f"e{number}" for number in range(12)))
    OutboxEntry.objects.create(created_at=AT, message_count=1, messages=b"cut short")
    broker = FaultyBroker()
    assert _relay(broker) == 13
    assert OutboxEntry.objects.count() == 2


@pytest.mark.django_db
def test_it_reads_one_entry_after_the_other() -> None:
    _left_behind("a", "b", "c")
    with CaptureQueriesContext(connection) as captured:
        assert _relay(InMemoryBroker()) == 3
    read = [
        query["sql"] for query in captured.captured_queries if '"regards_outbox"."messages"' in query["sql"]
    ]
    assert ["LIMIT 1 " in f"{sql} " for sql in read] == [True] * 4


@pytest.mark.django_db
def test_it_sends_what_is_not_for_a_worker_type_whose_queue_is_not_ours() -> None:
    _left_together("a", "bad", "b")
    _left_together("bad")
    _left_together("c", "bad")
    _left_behind("d")
    broker = BrokerWithForeignQueue()
    assert (_relay(broker), _sent(broker), broker.asked) == (4, ["a", "b", "c", "d"], 1)
    assert list(OutboxEntry.objects.order_by("pk").values_list("message_count", flat=True)) == [1, 1, 1]
    broker.there = False
    assert (_relay(broker), _sent(broker)[4:]) == (3, ["bad", "bad", "bad"])
    assert not OutboxEntry.objects.exists()


@pytest.mark.django_db
def test_it_tries_one_message_for_a_full_queue_and_sends_all_others() -> None:
    _left_together("full", "full", "a", "full")
    _left_together("full", "b")
    _left_behind("c")
    broker = BrokerWithFullQueue()
    assert (_relay(broker), _sent(broker), len(broker.beside)) == (3, ["a", "b", "c"], 1)
    assert list(OutboxEntry.objects.order_by("pk").values_list("message_count", flat=True)) == [3, 1]
    broker.there = False
    assert (_relay(broker), _sent(broker)[3:]) == (4, ["full"] * 4)
    assert not OutboxEntry.objects.exists()


@pytest.mark.django_db
def test_it_sends_the_dead_letter_of_a_dispatch_that_can_never_be_sent() -> None:
    message = Outbound(exchange="nowhere", headers={"regards.tenant": "t"}, body=b"", worker_type="good")
    publish_after_commit(messages=[message], at=AT)
    broker = ChoosyBroker()
    assert (_relay(broker), _relay(broker)) == (0, 1)
    assert _sent(broker) == ["regards.worker.manager.request.dlq"]
    assert not OutboxEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_sends_nothing_again_that_went_before_the_broker_was_away() -> None:
    broker = FailingBroker(after=2)
    broker.down = True
    with publishing_through(broker):
        with transaction():
            _left_behind("a", "b", "c")
        broker.down = False
        with pytest.raises(BrokerUnavailable):
            relay_outbox(at=later(11), grace=_GRACE)
    assert (_sent(broker), OutboxEntry.objects.count()) == (["a", "b"], 1)


@pytest.mark.django_db
def test_it_has_nothing_to_do_on_a_quiet_day() -> None:
    assert _relay(InMemoryBroker()) == 0


@pytest.mark.django_db(transaction=True)
def test_it_sends_an_entry_once_when_two_relays_run() -> None:
    broker = InMemoryBroker()
    broker.down = True
    with publishing_through(broker):
        with while_uncommitted(lambda: None):
            _left_behind("a")
        broker.down = False
        with while_uncommitted(lambda: relay_outbox(at=later(11), grace=_GRACE)) as other:
            assert relay_outbox(at=later(11), grace=_GRACE) == 1
    assert (other.result(), _sent(broker)) == (0, ["a"])


@pytest.mark.django_db
def test_it_is_not_held_up_by_an_instance_that_is_away() -> None:
    for exchange, for_instance in (("a", True), ("b", False), ("c", True), ("d", False)):
        message = Outbound(exchange=exchange, headers={}, body=b"", for_instance=for_instance)
        publish_after_commit(messages=[message], at=AT)
    broker = BrokerWithoutInstance()
    assert (_relay(broker), _sent(broker), broker.asked) == (2, ["b", "d"], 1)
    assert OutboxEntry.objects.count() == 2
