"""Dead letters go back to where they died, and none is lost on the way."""

import threading
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.dead_letters.choice import Choice
from regards_processing.kernel.dead_letters.queries import first_letters
from regards_processing.kernel.dead_letters.services import Outcome, replay
from tests.factories.audit import ADA, NOON
from tests.integration.kernel.dead_letters.mailbox import ANSWERS, ANSWERS_DLQ, DLQ, Mailbox
from tests.integration.workers.fleet import wait_for
from tests.stack.wire import Wire, wire_to

pytestmark = pytest.mark.django_db

_NUMBERS = [b"%d" % number for number in range(250)]


def _replay(queue: str = ANSWERS_DLQ, *, limit: int | None = None, request_id: str | None = None) -> Outcome:
    return replay(choice=Choice(queue=queue, limit=limit, request_id=request_id), actor=ADA, at=NOON)


def test_it_sends_all_back_in_their_order(mailbox: Mailbox) -> None:
    mailbox.bury(*_NUMBERS)
    assert _replay() == Outcome(done=250)
    assert mailbox.bodies(ANSWERS) == _NUMBERS
    assert mailbox.bodies(ANSWERS_DLQ) == []


def test_it_does_nothing_the_second_time(mailbox: Mailbox) -> None:
    mailbox.bury(b"a")
    assert (_replay().done, _replay().done) == (1, 0)
    assert mailbox.bodies(ANSWERS) == [b"a"]


def test_it_takes_away_what_described_the_death(mailbox: Mailbox) -> None:
    mailbox.bury(b"a", message_id="m", correlation_id="c", priority=7)
    _replay()
    (message,) = mailbox.take(ANSWERS)
    assert dict(message.headers) == {
        "regards.tenant": "demo",
        "regards.request.id": "r-1",
        "x-replayed": True,
    }
    assert (message.message_id, message.correlation_id, message.exchange) == ("m", "c", "")
    assert message.properties["content_type"] == "application/json"


def test_it_sends_no_more_than_asked_for(mailbox: Mailbox) -> None:
    mailbox.bury(b"a", b"b", b"c")
    assert _replay(limit=2).done == 2
    assert (mailbox.bodies(ANSWERS), mailbox.bodies(ANSWERS_DLQ)) == ([b"a", b"b"], [b"c"])


def test_it_sends_those_of_one_request(mailbox: Mailbox) -> None:
    mailbox.bury(b"a", b"b")
    mailbox.bury(b"c", request_id="r-2")
    mailbox.bury(b"d")
    assert _replay(request_id="r-2").done == 1
    assert (mailbox.bodies(ANSWERS), mailbox.bodies(ANSWERS_DLQ)) == ([b"c"], [b"a", b"b", b"d"])


def test_it_leaves_what_does_not_tell_where_it_died(mailbox: Mailbox) -> None:
    mailbox.put(DLQ, b"stray", headers={"regards.request.id": "r-9"})
    outcome = _replay(DLQ)
    assert outcome.done == 0
    assert [(each.position, each.request_id, each.reason) for each in outcome.stayed] == [
        (1, "r-9", "It does not tell in which queue it died")
    ]
    assert mailbox.bodies(DLQ) == [b"stray"]


@pytest.mark.parametrize("gone", ["regards.worker.manager.heartbeat.gone", "*", "../x", "q" * 255])
def test_it_leaves_what_died_in_a_queue_that_is_gone(mailbox: Mailbox, gone: str) -> None:
    mailbox.put(DLQ, b"a", headers={"x-death-queue": gone})
    mailbox.put(DLQ, b"b", headers={"x-death-queue": ANSWERS})
    outcome = _replay(DLQ)
    assert (outcome.done, [each.reason for each in outcome.stayed]) == (1, [f"There is no queue {gone}"])
    assert (mailbox.bodies(ANSWERS), mailbox.bodies(DLQ)) == ([b"b"], [b"a"])


def test_it_ends_when_all_die_again_meanwhile(mailbox: Mailbox) -> None:
    mailbox.bury(*_NUMBERS)
    stop = threading.Event()
    reaper = threading.Thread(target=_kill_again, args=(mailbox, stop))
    reaper.start()
    outcome = _replay()
    stop.set()
    reaper.join()
    assert outcome.done <= 250
    assert sorted(mailbox.bodies(ANSWERS) + mailbox.bodies(ANSWERS_DLQ)) == sorted(_NUMBERS)


def _kill_again(mailbox: Mailbox, stop: threading.Event) -> None:
    while not stop.is_set():
        mailbox.bury(*mailbox.bodies(ANSWERS))


@pytest.mark.rabbitmq
def test_it_takes_back_what_the_broker_gave_up(mailbox: Mailbox) -> None:
    mailbox.put(ANSWERS, b"a", headers={"mine": 1})
    mailbox.reject(ANSWERS)
    (letter,) = first_letters(queue=ANSWERS_DLQ, limit=2)
    assert (letter.reason, letter.died_in, letter.exchange) == ("rejected", ANSWERS, "")
    assert letter.died_at is not None
    assert _replay().done == 1
    (message,) = mailbox.take(ANSWERS)
    assert (message.body, dict(message.headers)) == (b"a", {"mine": 1, "x-replayed": True})


@pytest.mark.embedded
@pytest.mark.usefixtures("mailbox")
def test_it_leaves_a_file_that_cannot_be_read(settings: Settings) -> None:
    (settings.BROKER_FOLDER / "messages" / f"1_1.{DLQ}.msg").write_text("{")
    (stayed,) = _replay(DLQ).stayed
    assert "cannot be read" in stayed.reason


@pytest.fixture
def wire(mailbox: Mailbox, settings: Settings) -> Iterator[Wire]:
    """Give a wire to the broker that can be cut."""
    mailbox.bury(*(b"%d" % number for number in range(800)))
    with wire_to(settings.BROKER_URL) as wire:
        direct, settings.BROKER_URL = settings.BROKER_URL, wire.url
        yield wire
        settings.BROKER_URL = direct


@pytest.mark.rabbitmq
@pytest.mark.parametrize("size", [5_000, 100_000, 400_000])
def test_it_loses_nothing_when_the_connection_is_cut(mailbox: Mailbox, wire: Wire, size: int) -> None:
    wire.cut_after(size)
    with pytest.raises(BrokerUnavailable):
        _replay()
    arrived: set[bytes] = set()

    def all_arrived() -> bool:
        _replay()
        arrived.update(mailbox.bodies(ANSWERS))
        return len(arrived) >= 800

    # The broker has to notice the cut before it gives back what was in hand.
    wait_for(all_arrived)
    assert _replay() == Outcome(done=0)
    assert arrived == {b"%d" % number for number in range(800)}


def test_it_writes_the_audit_trail(mailbox: Mailbox) -> None:
    mailbox.bury(b"a", b"b")
    mailbox.put(ANSWERS_DLQ, b"c", headers={"x-death-queue": "gone"})
    _replay(limit=9)
    trail = AuditEntry.objects.order_by("pk").values_list("actor", "tenant", "action", "target", "details")
    assert list(trail) == [
        ("ada", None, "dead_letters.replay_begun", ANSWERS_DLQ, {"limit": 9}),
        ("ada", None, "dead_letters.replayed", ANSWERS_DLQ, {"limit": 9, "messages": 2, "stayed": 1}),
    ]


def test_it_knows_every_dead_letter_queue_that_is_declared() -> None:
    declared = {queue.name for queue in topology.shared_topology().queues}
    known = {queue.name for queue in topology.dead_letter_queues()}
    assert known == {name for name in declared if name.endswith(".DLQ")}
