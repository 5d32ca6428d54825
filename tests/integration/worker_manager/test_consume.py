"""The manager's consumers: from a message on a queue to what is published, whatever its neighbours are."""

from typing import Any

import pytest
from pytest_django import Settings

from regards_processing.kernel import clock
from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import BatchConsumer
from regards_processing.kernel.amqp.envelope import Inbound, Outbound
from tests.factories.rows import every
from tests.factories.wire import (
    a_dead_message,
    a_heartbeat_message,
    a_request_message,
    an_answer_message,
)
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers, the_request
from tests.fakes.engine import Engine, committing
from worker_manager.consumers import consumers
from worker_manager.models import Request, WorkerInstance
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

_HEARTBEATS, _UPDATES, _FENCED, _ANSWERS, _DEAD, *_OTHERS, _REQUESTS = consumers(instance_id="test")


def _feed(engine: Engine, consumer: BatchConsumer[object], *messages: Inbound) -> list[Outbound]:
    """Deliver messages; return the dead letters that came of them."""
    with committing(execute=True):
        engine.broker.feed(consumer, messages)
    return engine.broker.published_to("regards.DLX")


def _reason(letter: Outbound) -> str:
    return str(letter.headers["x-exception-message"])


def test_it_handles_heartbeats_first_and_requests_last() -> None:
    assert [consumer.queue.name.rpartition(".")[2] for consumer in consumers(instance_id="i-7")] == [
        "i-7",
        "WorkerConfUpdatedEventHandler",
        "answer",
        "response",
        "dlq",
        "SessionDeleteEventHandler",
        "SourceDeleteEventHandler",
        "RequestHandler",
    ]


def test_it_takes_a_request_from_its_queue_to_its_answer(engine: Engine) -> None:
    a_worker_type(a_tenant())
    _feed(engine, _HEARTBEATS, a_heartbeat_message())
    _feed(engine, _REQUESTS, a_request_message(body=b'{"a":1}'))
    _feed(engine, _ANSWERS, an_answer_message(status="RUNNING"))
    assert _feed(engine, _ANSWERS, an_answer_message(status="SUCCESS", content="e30=")) == []
    assert engine.states() == [("r-1", "GRANTED"), ("r-1", "SUCCESS")]


def test_it_answers_a_client_that_calls_itself_like_a_service(engine: Engine) -> None:
    a_worker_type(a_tenant())
    named: dict[str, Any] = {"request.owner": "rs-processing"}
    pretender = a_request_message("r-1", **named)
    assert _feed(engine, _REQUESTS, pretender, a_request_message("r-1")) == []
    taken, refused = engine.responses()
    assert (refused.request_id, refused.owner, refused.state) == ("r-1", "rs-processing", "SKIPPED")
    assert refused.messages == (
        "<regards.request.owner> rs-processing is reserved for that service of the platform",
    )
    assert (taken.owner, taken.state) == ("acme", "DELAYED")
    assert engine.broker.published_to(topology.EXECUTION_ANSWERS) == []
    assert the_request().source == "acme"


@pytest.mark.parametrize(
    "bad",
    [
        a_request_message("r-bad", body=b"[]"),
        a_request_message("r-bad", body=b""),
        a_request_message("", body=b"{}"),
        a_request_message("r-bad", tenant=None),
        a_request_message("r-bad", tenant=7),
        a_request_message("x" * 256),
    ],
)
def test_it_takes_the_neighbours_of_a_malformed_request_and_keeps_a_copy(
    engine: Engine, bad: Inbound
) -> None:
    a_tenant()
    (letter,) = _feed(engine, _REQUESTS, a_request_message("r-0"), bad, a_request_message("r-2"))
    assert engine.states() == [("r-0", "DELAYED"), ("r-2", "DELAYED")]
    assert (letter.body, letter.routing_key) == (bad.body, "regards.DLQ")


def test_it_gives_requests_of_no_tenant_to_the_dead_letters(engine: Engine) -> None:
    a_tenant()
    (letter,) = _feed(engine, _REQUESTS, a_request_message(), a_request_message("r-2", tenant="nobody"))
    assert _reason(letter) == "There is no active tenant nobody"
    assert engine.states() == [("r-1", "DELAYED")]


def test_it_skips_what_is_too_big_and_keeps_it(engine: Engine, settings: Settings) -> None:
    settings.MESSAGE_MAX_BYTES = 10
    a_tenant()
    (letter,) = _feed(engine, _REQUESTS, a_request_message(body=b'{"a":"1234567890"}'))
    assert _reason(letter) == "The body has 18 bytes, the limit is 10"
    assert engine.states() == [("r-1", "SKIPPED")]


@pytest.mark.postgres
def test_it_takes_the_neighbours_of_a_request_that_no_column_takes(engine: Engine) -> None:
    a_tenant()
    (letter,) = _feed(engine, _REQUESTS, a_request_message("r-0"), a_request_message("nul \0"))
    assert engine.states() == [("r-0", "DELAYED")]
    assert "NUL" in _reason(letter)


@pytest.mark.parametrize("consumer", [_REQUESTS, _ANSWERS, _FENCED, _DEAD])
def test_it_acknowledges_everything_it_was_given(engine: Engine, consumer: BatchConsumer[object]) -> None:
    a_tenant()
    bulk = [a_request_message("r-1"), a_request_message("r-2", body=b"")]
    _feed(engine, consumer, *bulk)
    assert engine.broker.acknowledged == bulk


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"status": "DONE"},
        {"status": None},
        {"status": "SUCCESS", "content": "?"},
        {"status": "SUCCESS", "content": [1]},
    ],
)
def test_it_takes_the_neighbours_of_a_malformed_answer(engine: Engine, fields: dict[str, Any]) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=clock.now())
    _feed(engine, _REQUESTS, a_request_message("r-1"), a_request_message("r-2"))
    bad = an_answer_message("r-1", **fields)
    (letter,) = _feed(engine, _ANSWERS, bad, an_answer_message("r-2", status="SUCCESS"))
    assert letter.routing_key == "regards.worker.manager.response.DLQ"
    assert engine.states()[2:] == [("r-2", "SUCCESS")]
    assert the_request("r-1").status == RequestStatus.DISPATCHED


def test_it_takes_an_answer_that_was_moved_back_from_the_dead_letters(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=clock.now())
    _feed(engine, _REQUESTS, a_request_message())
    message = an_answer_message(status="SUCCESS")
    headers = {**message.headers, "x-death-queue": "regards.worker.manager.response"}
    replayed = Inbound(queue="", exchange="", routing_key="", headers=headers, body=message.body)
    assert _feed(engine, _ANSWERS, replayed) == []
    assert not every(Request).exists()


def test_it_reads_the_dispatch_that_an_answer_names(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=clock.now())
    _feed(engine, _REQUESTS, a_request_message())
    (letter,) = _feed(engine, _ANSWERS, an_answer_message(status="SUCCESS", correlation_id="1:0:99"))
    assert "it answers dispatch 1:0:99" in _reason(letter)


def test_it_ends_a_dead_request_whatever_its_body(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", at=clock.now())
    _feed(engine, _REQUESTS, a_request_message())
    dispatch_id = the_request().dispatch_id
    assert _feed(engine, _DEAD, a_dead_message(message_id=dispatch_id, error=b"it broke")) == []
    assert (the_request().status, the_request().error) == (RequestStatus.ERROR, "it broke")


def test_it_reads_a_task_message_that_came_back_dead(engine: Engine) -> None:
    a_worker_type(a_tenant())
    live_workers("unzip-worker", protocol="celery", at=clock.now())
    _feed(engine, _REQUESTS, a_request_message())
    (sent,) = engine.dispatches()
    dead = Inbound(
        queue="",
        exchange="",
        routing_key="",
        headers=sent.headers,
        body=sent.body,
        message_id=sent.message_id,
        correlation_id=sent.correlation_id,
    )
    assert _feed(engine, _DEAD, dead) == []
    assert the_request().error == "Unknown error from worker"


def test_it_takes_the_neighbours_of_a_malformed_heartbeat(engine: Engine) -> None:
    a_tenant()
    bad = a_heartbeat_message("")
    assert len(_feed(engine, _HEARTBEATS, a_heartbeat_message("a"), bad, a_heartbeat_message("b"))) == 1
    assert WorkerInstance.objects.count() == 2
