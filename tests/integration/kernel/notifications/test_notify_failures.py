"""One event for each tenant whose messages could not be handled."""

import json
from datetime import timedelta
from typing import Any

import pika
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.failures import Failure, FailureKind
from regards_processing.kernel.amqp.publisher import instance_publisher
from regards_processing.kernel.amqp.testing import InMemoryBroker, inbound
from regards_processing.kernel.notifications.services import notify_failures
from regards_processing.kernel.outbox.models import OutboxEntry
from regards_processing.kernel.outbox.port import publishing_through
from regards_processing.kernel.outbox.services import relay_outbox
from tests.factories.worker_manager import AT, a_tenant, later
from tests.stack.environment import Servers
from tests.stack.vhosts import own_vhost

pytestmark = pytest.mark.django_db(transaction=True)


def _failure(tenant: object, body: bytes = b"x") -> Failure:
    message = inbound(headers={"regards.tenant": tenant}, body=body)
    return Failure(message=message, kind=FailureKind.INVALID_MESSAGE, reason="Odd")


def _notify(*failures: Failure, broker: InMemoryBroker | None = None) -> dict[Any, str]:
    """Return the texts by tenant."""
    broker = broker or InMemoryBroker()
    with publishing_through(broker):
        notify_failures(failures=failures, sender="rs-any", queue="q", at=AT)
    sent = broker.published_to(topology.NOTIFICATION_EXCHANGE)
    assert len({message.headers["regards.tenant"] for message in sent}) == len(sent)
    return {
        message.headers["regards.tenant"]: json.loads(message.body)["notification"]["message"]
        for message in sent
    }


def test_it_tells_each_tenant_of_its_own_messages_once() -> None:
    a_tenant(name="demo")
    a_tenant(name="other")
    told = _notify(_failure("demo", b"ours"), _failure("other", b"theirs"), _failure("demo", b"late"))
    assert sorted(told) == ["demo", "other"]
    assert told["demo"].splitlines()[0] == "Errors in q: 2"
    assert ("ours" in told["demo"], "theirs" in told["demo"]) == (True, False)
    assert ("ours" in told["other"], "theirs" in told["other"]) == (False, True)


@pytest.mark.parametrize("tenant", [None, "", 7, ["demo"]])
def test_it_tells_the_instance_of_messages_without_a_tenant(tenant: object) -> None:
    a_tenant(name="demo")
    assert list(_notify(_failure(tenant), _failure("demo"))) == ["instance", "demo"]


def test_it_leaves_what_is_for_the_instance_to_the_relay(settings: Settings) -> None:
    settings.INSTANCE_BROKER_URL = "amqp://127.0.0.1:1/regards.instance.manager"
    a_tenant(name="demo")
    broker = InMemoryBroker()
    assert list(_notify(_failure(None), _failure("demo"), broker=broker)) == ["demo"]
    with publishing_through(broker):
        assert relay_outbox(at=later(11), grace=timedelta(seconds=10)) == 1
    assert broker.published[-1].headers["regards.tenant"] == "instance"


@pytest.mark.rabbitmq
def test_it_tells_the_instance_in_its_own_virtual_host(servers: Servers, settings: Settings) -> None:
    with own_vhost(servers.broker_url) as settings.INSTANCE_BROKER_URL:
        _notify(_failure(None, b"lost"))
        with pika.BlockingConnection(pika.URLParameters(settings.INSTANCE_BROKER_URL)) as connection:
            channel = connection.channel()
            channel.exchange_declare(topology.NOTIFICATION_EXCHANGE, "fanout", durable=True)
            queue = channel.queue_declare("", exclusive=True).method.queue
            channel.queue_bind(queue, topology.NOTIFICATION_EXCHANGE)
            assert relay_outbox(at=later(11), grace=timedelta(seconds=10)) == 1
            _, properties, body = channel.basic_get(queue, auto_ack=True)
        instance_publisher().close()
    assert properties.headers["regards.tenant"] == "instance"
    assert "lost" in json.loads(body)["notification"]["message"]


def test_it_tells_nobody_of_tenants_that_are_not_active() -> None:
    a_tenant(name="asleep", active=False)
    assert _notify(_failure("asleep"), _failure("made-up"), _failure("nul \0"), _failure("x" * 9999)) == {}
    assert not OutboxEntry.objects.exists()


def test_it_cuts_the_body_where_the_setting_says(settings: Settings) -> None:
    settings.NOTIFICATION_EXCERPT = 3
    assert _notify(_failure(None, b"abcdef"))["instance"].endswith(": abc")


def test_it_leaves_the_event_in_the_outbox_while_the_broker_is_away() -> None:
    broker = InMemoryBroker()
    broker.down = True
    assert _notify(_failure(None), broker=broker) == {}
    assert OutboxEntry.objects.get().message_count == 1


def _statements(*failures: Failure) -> int:
    with CaptureQueriesContext(connection) as seen:
        _notify(*failures)
    return len(seen)


def test_it_takes_as_many_statements_for_many_failures_as_for_one() -> None:
    a_tenant(name="demo")
    many = [_failure("demo"), _failure(None), *(_failure(f"made-up-{number}") for number in range(100))]
    assert _statements(*many) == _statements(_failure("demo"))
