"""Operators hear once of the messages of a bulk that could not be handled, whatever queue they came from."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.consumer import BatchConsumer, Refusal
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.testing import inbound
from regards_processing.processing.consumers import consumers as processing_consumers
from tests.factories.wire import a_heartbeat_message, a_request_message, an_answer_message
from tests.factories.worker_manager import a_tenant
from tests.fakes.engine import Engine, committing
from worker_manager.consumers import consumers
from worker_manager.consumers.request_submitted import RequestSubmittedConsumer
from worker_manager.events.request_submitted import RequestSubmitted

pytestmark = pytest.mark.django_db

_HEARTBEATS, _, _FENCED, _ANSWERS, *_OTHERS, _REQUESTS = consumers(instance_id="test")
_BAD = a_request_message("r-bad", body=b"{nope")


class _Explosive(RequestSubmittedConsumer):
    """Fails at some requests as nobody expects."""

    def handle(self, items: Sequence[RequestSubmitted]) -> list[Refusal]:
        if any(item.request_id.startswith("boom") for item in items):
            raise KeyError("surprise")
        return super().handle(items)


def _told(engine: Engine, consumer: BatchConsumer[Any], *messages: Inbound) -> list[tuple[str, list[str]]]:
    """Deliver a bulk; return tenant and lines of what operators hear of it."""
    with committing(execute=True):
        engine.broker.feed(consumer, messages)
    assert engine.broker.acknowledged == list(messages)
    return [
        (sent.headers["regards.tenant"], json.loads(sent.body)["notification"]["message"].splitlines())
        for sent in engine.broker.published_to(topology.NOTIFICATION_EXCHANGE)
    ]


def test_it_tells_of_a_request_that_is_no_json(engine: Engine) -> None:
    a_tenant()
    [(tenant, lines)] = _told(engine, _REQUESTS, a_request_message("r-0"), _BAD, a_request_message("r-2"))
    assert tenant == "demo"
    assert lines[:2] == [f"Errors in {topology.REQUEST_QUEUE}: 1", "NOT_CONVERTED_MESSAGE: 1"]
    assert lines[2].startswith("First reason: Body is not JSON")
    assert lines[3] == "First body, of 5 bytes: {nope"
    assert engine.states() == [("r-0", "DELAYED"), ("r-2", "DELAYED")]


def test_it_tells_once_of_a_flood(engine: Engine) -> None:
    a_tenant()
    [(_, lines)] = _told(engine, _REQUESTS, *[_BAD] * 500)
    assert lines[:2] == [f"Errors in {topology.REQUEST_QUEUE}: 500", "NOT_CONVERTED_MESSAGE: 500"]


def test_it_tells_the_instance_of_a_request_without_a_tenant(engine: Engine) -> None:
    a_tenant()
    told = _told(engine, _REQUESTS, a_request_message(tenant=None), a_request_message(""))
    assert [(tenant, lines[1]) for tenant, lines in told] == [
        ("instance", "MISSING_TENANT: 1"),
        ("demo", "INVALID_MESSAGE: 1"),
    ]


def test_it_tells_of_unexpected_failures_and_of_nothing_that_was_handled_after_them(engine: Engine) -> None:
    a_tenant()
    bulk = [a_request_message(name) for name in ("r-0", "boom-1", "r-2", "boom-3")]
    [(tenant, lines)] = _told(engine, _Explosive(), *bulk)
    assert (tenant, lines[1:3]) == (
        "demo",
        ["UNEXPECTED_BATCH_FAILURE: 2", "First reason: KeyError('surprise')"],
    )
    assert engine.states() == [("r-0", "DELAYED"), ("r-2", "DELAYED")]


@pytest.mark.parametrize(
    ("consumer", "bad"),
    [
        (_HEARTBEATS, a_heartbeat_message("")),
        (_ANSWERS, an_answer_message(status="DONE")),
        (_FENCED, an_answer_message(status="SUCCESS", content="?")),
    ],
)
def test_it_tells_of_every_queue(engine: Engine, consumer: BatchConsumer[Any], bad: Inbound) -> None:
    a_tenant()
    [(_, lines)] = _told(engine, consumer, bad, bad)
    assert lines[:2] == [f"Errors in {consumer.queue.name}: 2", "NOT_CONVERTED_MESSAGE: 2"]


def test_it_tells_nobody_of_a_request_that_is_answered(engine: Engine) -> None:
    a_tenant()
    headers = {"regards.tenant": "demo", "regards.request.id": "r-1"}
    assert _told(engine, _REQUESTS, inbound(headers=headers, body=b"{}")) == []
    assert engine.states() == [("r-1", "SKIPPED")]


@pytest.mark.parametrize(
    ("sender", "readers"),
    [
        ("rs-worker-manager", consumers(instance_id="test")),
        ("rs-processing", processing_consumers(instance_id="test")),
    ],
)
def test_every_consumer_tells_of_what_cannot_be_read_and_names_its_service(
    engine: Engine, sender: str, readers: Sequence[BatchConsumer[Any]]
) -> None:
    unreadable = Inbound(queue="", exchange="", routing_key="", headers={}, body=b"", unreadable="odd")
    for consumer in readers:
        with committing(execute=True):
            engine.broker.feed(consumer, [unreadable])
    sent = engine.broker.published_to(topology.NOTIFICATION_EXCHANGE)
    notifications = [json.loads(message.body)["notification"] for message in sent]
    assert [each["message"].splitlines()[:2] for each in notifications] == [
        [f"Errors in {consumer.queue.name}: 1", "NOT_CONVERTED_MESSAGE: 1"] for consumer in readers
    ]
    assert {each["sender"] for each in notifications} == {sender}
