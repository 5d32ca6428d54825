"""An answer that names no dispatch counts once, however often the broker delivers it."""

import threading
from collections.abc import Sequence

import pytest
from django.db import OperationalError
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import address_from_settings
from regards_processing.kernel.amqp.consumer import Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.inbox.models import HandledMessage
from tests.factories.messages import a_submission
from tests.factories.rows import every
from tests.factories.scenes import a_dispatched_request, a_dispatched_workflow
from tests.factories.wire import an_answer_message
from tests.factories.worker_manager import (
    a_tenant,
    a_workflow,
    later,
    live_workers,
    the_request,
)
from tests.fakes.engine import Engine, committing
from tests.integration.kernel.dead_letters.mailbox import ANSWERS, Mailbox
from worker_manager.consumers.worker_answer import WorkerAnswerConsumer
from worker_manager.models import Branch, Request
from worker_manager.states import RequestStatus
from workers.contract.work_answer import WorkAnswer

pytestmark = pytest.mark.django_db

#: Base64 of two contents.
_ONE, _TWO = "MQ==", "Mg=="
_ALIVE = 10**9
_COUNTED = "it names no dispatch, was delivered before and has counted then"


@pytest.fixture(autouse=True)
def _alive(settings: Settings) -> None:
    """Have the fleets alive: consumers ask the clock."""
    settings.HEARTBEAT_EXPIRY = _ALIVE + 1


def _feed(engine: Engine, *messages: Inbound) -> list[str]:
    """Deliver answers in one bulk; return the reasons of those that did not count."""
    before = len(engine.broker.published_to("regards.DLX"))
    with committing(execute=True):
        engine.broker.feed(WorkerAnswerConsumer(), messages)
    letters = engine.broker.published_to("regards.DLX")[before:]
    return [str(letter.headers["x-exception-message"]).partition(": ")[2] for letter in letters]


def _success(content: str = _ONE, *, redelivered: bool = False, **others: str) -> Inbound:
    return an_answer_message(status="SUCCESS", content=content, redelivered=redelivered, **others)


def _place() -> tuple[str, int]:
    request = the_request()
    return request.status, request.step_number


def test_it_advances_a_workflow_once_for_an_answer_that_comes_again(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    assert _feed(engine, _success()) == []
    assert _feed(engine, _success(redelivered=True)) == [_COUNTED]
    assert _place() == (RequestStatus.DISPATCHED, 2)
    assert _feed(engine, _success(_TWO)) == []
    assert [(response.state, response.content) for response in engine.responses()] == [
        ("GRANTED", None),
        ("SUCCESS", b"2"),
    ]


def test_it_counts_an_answer_that_was_delivered_before_and_not_handled(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    assert _feed(engine, _success(redelivered=True)) == []
    assert _place() == (RequestStatus.DISPATCHED, 2)
    assert _feed(engine, _success(redelivered=True)) == [_COUNTED]


def test_it_counts_answers_that_are_alike_when_each_comes_for_the_first_time(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    assert _feed(engine, _success()) == []
    assert _feed(engine, _success()) == []
    assert engine.states() == [("r-1", "GRANTED"), ("r-1", "SUCCESS")]


def test_it_takes_a_later_answer_for_the_first_one_when_it_looks_so_and_comes_again(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    _feed(engine, _success())
    # Of the second step, in fact, and not handled before. It is kept, and the work is done again.
    assert _feed(engine, _success(redelivered=True)) == [_COUNTED]
    assert engine.rescue(at=later(_ALIVE)) == 1
    assert (_place(), the_request().attempt) == ((RequestStatus.DISPATCHED, 2), 3)


def test_it_counts_a_message_once_that_comes_twice_in_a_bulk(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    again = _success(redelivered=True)
    assert _feed(engine, again, again) == [_COUNTED]
    assert _place() == (RequestStatus.DISPATCHED, 2)


def test_it_counts_a_message_once_that_an_operator_sent_back(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    message = _success()
    _feed(engine, message)
    headers = {**message.headers, "x-replayed": True}
    replayed = Inbound(queue="", exchange="", routing_key="", headers=headers, body=message.body)
    assert _feed(engine, replayed) == [_COUNTED]


@pytest.mark.parametrize(
    "other", [{"tenant": "other"}, {"request_id": "r-2"}, {"correlation_id": "spring-43"}]
)
def test_it_tells_answers_with_the_same_body_apart(engine: Engine, other: dict[str, str]) -> None:
    a_dispatched_workflow(engine)
    a_workflow(a_tenant(name="other"))
    engine.submit(a_submission("r-2", content_type="ingest"))
    engine.submit(a_submission(content_type="ingest", tenant="other"))
    _feed(engine, _success(correlation_id="spring-42"))
    same = {"correlation_id": "spring-42", **other}
    assert _feed(engine, _success(redelivered=True, **same)) == []
    assert _feed(engine, _success(redelivered=True, **same)) != []


def test_it_remembers_nothing_of_an_answer_that_did_not_count(engine: Engine) -> None:
    assert _feed(engine, _success()) == ["no such request, or it has ended"]
    a_dispatched_workflow(engine)
    assert _feed(engine, _success(redelivered=True)) == []


def test_it_does_not_end_a_new_request_that_has_the_id_of_an_old_one(engine: Engine) -> None:
    a_dispatched_request(engine)
    _feed(engine, _success())
    engine.submit(a_submission())
    assert _feed(engine, _success(redelivered=True)) == [_COUNTED]
    assert the_request().status == RequestStatus.DISPATCHED


def test_it_ends_one_attempt_for_a_failure_that_comes_again(engine: Engine) -> None:
    a_dispatched_request(engine, policy={"retryOn": ["ERROR"], "maxAttempts": 3})
    failed = an_answer_message(status="ERROR")
    assert _feed(engine, failed) == []
    assert _feed(engine, an_answer_message(status="ERROR", redelivered=True)) == [_COUNTED]
    assert the_request().lost_attempts == 1


def test_it_passes_over_a_sign_of_life_that_comes_again(engine: Engine) -> None:
    a_dispatched_workflow(engine)
    _feed(engine, an_answer_message(status="RUNNING"), _success())
    assert _feed(engine, an_answer_message(status="RUNNING", redelivered=True)) == []
    assert _place() == (RequestStatus.DISPATCHED, 2)


def test_it_ends_no_second_branch_for_the_answer_of_the_first(engine: Engine) -> None:
    a_workflow(a_tenant(), steps={1: ("unzip-worker", "sip-worker"), 2: "store-worker"})
    live_workers("unzip-worker", protocol="celery")
    live_workers("sip-worker", "store-worker")
    engine.submit(a_submission(content_type="ingest"))
    _feed(engine, _success())
    every(Branch).update(dispatched_to_celery=False)
    assert _feed(engine, _success(redelivered=True)) == [_COUNTED]
    assert _place() == (RequestStatus.DISPATCHED, 1)


def test_it_remembers_no_answer_that_names_its_dispatch(engine: Engine) -> None:
    request = a_dispatched_workflow(engine)
    _feed(engine, _success(correlation_id=request.dispatch_id))
    assert not HandledMessage.objects.exists()


class _Dying(WorkerAnswerConsumer):
    """Dies after its first transaction, before anything is acknowledged; then goes on as another process.

    That one ends once it has had so many answers: all of them, in however many bulks they come.
    """

    def __init__(self, answers: int) -> None:
        super().__init__()
        self.stop = threading.Event()
        self._deaths = iter([OperationalError("terminating connection")])
        self._missing = answers

    def handle(self, items: Sequence[WorkAnswer]) -> list[Refusal]:
        refused = super().handle(items)
        for death in self._deaths:
            raise death
        self._missing -= len(items)
        if self._missing <= 0:
            self.stop.set()
        return refused


def _consume(engine: Engine, consumer: _Dying) -> None:
    loop = BulkLoop(
        [consumer],
        address=address_from_settings(),
        topology=topology.shared_topology(),
        publisher=engine.broker,
    )
    loop.run(consumer.stop)


# The loop closes the connection of this process.
@pytest.mark.django_db(transaction=True)
def test_it_advances_once_when_a_bulk_was_committed_and_not_acknowledged(
    engine: Engine, mailbox: Mailbox
) -> None:
    a_dispatched_workflow(engine)
    engine.submit(*[a_submission(f"r-{number}", content_type="ingest") for number in range(2, 12)])
    names = [f"r-{number}" for number in range(1, 12)]
    for name in names:
        first = _success(request_id=name)
        mailbox.put(ANSWERS, first.body, headers=dict(first.headers))
    _consume(engine, _Dying(len(names)))
    moved = every(Request).values_list("request_id", "status", "step_number")
    assert set(moved) == {(name, RequestStatus.DISPATCHED, 2) for name in names}
    for name in names:
        second = _success(_TWO, request_id=name)
        mailbox.put(ANSWERS, second.body, headers=dict(second.headers))
    _consume(engine, _Dying(len(names)))
    assert not every(Request).exists()
    ends = [response for response in engine.responses() if response.state == "SUCCESS"]
    assert sorted(response.request_id or "" for response in ends) == sorted(names)
    assert {response.content for response in ends} == {b"2"}
