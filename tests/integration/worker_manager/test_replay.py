"""An answer that died and is replayed counts, on the session's broker."""

import pytest

from regards_processing.kernel import clock
from regards_processing.kernel.dead_letters.choice import Choice
from regards_processing.kernel.dead_letters.services import replay
from tests.factories.audit import ADA, NOON
from tests.factories.rows import every
from tests.factories.wire import a_request_message, an_answer_message
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers
from tests.fakes.engine import Engine, committing
from tests.integration.kernel.dead_letters.mailbox import ANSWERS, ANSWERS_DLQ, DLQ, Mailbox
from worker_manager.consumers.request_submitted import RequestSubmittedConsumer
from worker_manager.consumers.worker_answer import FencedAnswerConsumer, WorkerAnswerConsumer
from worker_manager.models import Request
from workers.contract import answer_bulk
from workers.contract.wire import Wire

pytestmark = pytest.mark.django_db


def _submit(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=clock.now())
    with committing(execute=True):
        engine.broker.feed(RequestSubmittedConsumer(), [a_request_message()])


def _die(engine: Engine, mailbox: Mailbox) -> None:
    """Let what the manager gave up reach the real broker."""
    for letter in engine.broker.published_to("regards.DLX"):
        mailbox.put(
            letter.routing_key,
            letter.body,
            headers=dict(letter.headers),
            content_type=letter.content_type,
            correlation_id=letter.correlation_id,
        )
    engine.broker.published.clear()


def test_it_applies_an_answer_that_came_before_its_request(engine: Engine, mailbox: Mailbox) -> None:
    engine.broker.feed(WorkerAnswerConsumer(), [an_answer_message(status="SUCCESS")])
    _die(engine, mailbox)
    _submit(engine)
    assert replay(choice=Choice(queue=ANSWERS_DLQ), actor=ADA, at=NOON).done == 1
    back = mailbox.take(ANSWERS)
    with committing(execute=True):
        engine.broker.feed(WorkerAnswerConsumer(), back)
    assert engine.states()[-1] == ("r-1", "SUCCESS")
    assert not every(Request).exists()
    # The same message once more tells nothing new, and dies with a reason of its own.
    engine.broker.feed(WorkerAnswerConsumer(), back)
    (letter,) = engine.broker.published_to("regards.DLX")
    assert "no such request, or it has ended" in letter.headers["x-exception-message"]


def test_it_takes_a_request_once_that_comes_from_two_replays(engine: Engine, mailbox: Mailbox) -> None:
    consumer = RequestSubmittedConsumer()
    engine.broker.feed(consumer, [a_request_message()])
    _die(engine, mailbox)
    assert replay(choice=Choice(queue=DLQ), actor=ADA, at=NOON).done == 1
    back = mailbox.take(consumer.queue.name)
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=clock.now())
    with committing(execute=True):
        engine.broker.feed(consumer, back)
        # A replay that was interrupted before the message left the dead letters brings it once more.
        engine.broker.feed(consumer, back)
        engine.broker.feed(WorkerAnswerConsumer(), [an_answer_message(status="SUCCESS")])
        engine.broker.feed(consumer, back)
    assert engine.states() == [("r-1", "GRANTED"), ("r-1", "SUCCESS")]


def test_it_applies_a_part_of_a_bulk_that_died_alone(engine: Engine, mailbox: Mailbox) -> None:
    one = an_answer_message(status="SUCCESS")
    body = answer_bulk.join([Wire(headers=dict(one.headers), body=one.body, correlation_id=None)])
    mailbox.put(FencedAnswerConsumer.queue.name, body, content_type=answer_bulk.CONTENT_TYPE)
    engine.broker.feed(FencedAnswerConsumer(), mailbox.take(FencedAnswerConsumer.queue.name))
    _die(engine, mailbox)
    _submit(engine)
    assert replay(choice=Choice(queue=ANSWERS_DLQ), actor=ADA, at=NOON).done == 1
    with committing(execute=True):
        engine.broker.feed(FencedAnswerConsumer(), mailbox.take(FencedAnswerConsumer.queue.name))
    assert engine.states()[-1] == ("r-1", "SUCCESS")
