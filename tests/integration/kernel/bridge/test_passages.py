"""What the virtual host of a tenant and that of the platform send each other."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from regards_processing.kernel.amqp.connection import BrokerAddress, declare, open_channel_at
from tests.integration.kernel.bridge.span import Span

pytestmark = pytest.mark.rabbitmq

_MANAGER = "fr.cnes.regards.modules.workermanager"
_SESSIONS = "fr.cnes.regards.framework.modules.session"
_PROCESSING = "fr.cnes.regards.modules.processing"
_PLUGINS = "fr.cnes.regards.framework.modules.plugins.domain.event"
REQUESTS = f"regards.broadcast.{_MANAGER}.amqp.events.in.RequestEvent"
REQUEST_QUEUE = f"regards.broadcast.rs-worker-manager.{_MANAGER}.service.flow.RequestHandler"
RESPONSES = f"regards.broadcast.{_MANAGER}.amqp.events.out.ResponseEvent"
HEARTBEATS = "regards.worker.manager.heartbeat"
_DELETIONS = f"regards.broadcast.rs-worker-manager.{_SESSIONS}.commons.service.delete"
_HANDLERS = f"regards.broadcast.rs-processing.{_PROCESSING}.service.handlers"
_COUNTS = (
    f"regards.unicast.Acme.rs-worker-manager.{_SESSIONS}.agent.domain.events.StepPropertyUpdateRequestEvent"
)

#: What the platform reads: exchange, key and queue.
READ = [
    (REQUESTS, "", REQUEST_QUEUE),
    ("regards.worker.manager.response", "#", "regards.worker.manager.response"),
    ("regards.worker.manager.answer", "", "regards.worker.manager.answer"),
    ("regards.worker.manager.request.dlq", "", "regards.worker.manager.request.dlq"),
    ("regards.unicast", _COUNTS, _COUNTS),
    *(
        (
            f"regards.broadcast.{_SESSIONS}.commons.domain.events.{kind}DeleteEvent",
            "",
            f"{_DELETIONS}.{kind}DeleteEventHandler",
        )
        for kind in ("Session", "Source")
    ),
    (
        f"regards.broadcast.{_PROCESSING}.domain.events.PExecutionRequestEvent",
        "",
        f"{_HANDLERS}.ExecutionRequestEventHandler",
    ),
    (
        f"regards.broadcast.{_PROCESSING}.domain.events.DownloadedOutputFilesEvent",
        "",
        f"{_HANDLERS}.DownloadedOutputFileEventHandler",
    ),
    ("regards.processing.execution.cancel", "", "regards.processing.execution.cancel"),
]
#: Where the platform sends.
SENT = [
    RESPONSES,
    f"regards.broadcast.rs-worker-manager.{_MANAGER}.amqp.events.internal.WorkerConfUpdatedEvent",
    "regards.broadcast.fr.cnes.regards.framework.amqp.event.notification.NotificationEvent",
    f"regards.broadcast.{_SESSIONS}.commons.domain.events.SessionStepEvent",
    f"regards.broadcast.{_PROCESSING}.domain.events.PExecutionResultEvent",
    f"regards.broadcast.{_PROCESSING}.event.RightsPluginConfigurationEvent",
    f"regards.broadcast.{_PLUGINS}.PluginConfEvent",
    *(
        f"regards.broadcast.{service}.{_PLUGINS}.{event}"
        for service in ("rs-processing", "rs-worker-manager")
        for event in ("BroadcastPluginConfEvent", "PluginConfClearCacheEvent")
    ),
]
ACME = {"regards.tenant": "Acme"}
DEMO = {"regards.tenant": "demo"}


@pytest.fixture(scope="module")
def opened(ground: tuple[BrokerAddress, str]) -> Iterator[Span]:
    """Give a bridge that runs for all tests."""
    home, namespace = ground
    made = Span(home=home, namespace=namespace)
    made.open()
    yield made
    made.close()


@pytest.fixture
def span(opened: Span) -> Iterator[Span]:
    opened.empty()
    yield opened
    opened.let_go()


def _beat(worker_type: str, **other: object) -> str:
    beat = {"id": "w1", "type": worker_type, "heartBeatDate": "2026-11-30T10:00:00.000Z"}
    return json.dumps(beat | other)


@pytest.mark.parametrize(("exchange", "key", "queue"), READ, ids=[queue for _, _, queue in READ])
def test_what_the_platform_reads_comes_over(span: Span, exchange: str, key: str, queue: str) -> None:
    span.there("Acme").send(exchange, {**ACME, "own": "value"}, "as it is", key, priority=7, app_id="client")
    _, properties, body = span.here().take(queue)
    assert (body, properties.headers) == ("as it is", {**ACME, "own": "value"})
    assert (properties.priority, properties.app_id, properties.delivery_mode) == (7, "client", 2)


@pytest.mark.parametrize("exchange", SENT)
def test_what_the_platform_sends_goes_to_the_virtual_host_of_its_tenant(span: Span, exchange: str) -> None:
    acme, demo, here = span.there("Acme"), span.there("demo"), span.here()
    at_acme, at_demo = acme.hear(exchange), demo.hear(exchange)
    with open_channel_at(span.home) as channel:
        declare(channel, span.host("Acme").way_out + span.host("demo").way_out)
    here.send(exchange, {**ACME, "own": "value"}, "of Acme", priority=1, message_id="m1")
    here.send(exchange, DEMO, "of demo")
    _, properties, body = acme.take(at_acme)
    assert (body, properties.headers) == ("of Acme", {**ACME, "own": "value"})
    assert (properties.priority, properties.message_id) == (1, "m1")
    assert demo.take(at_demo)[2] == "of demo"
    assert acme.count(at_acme) == 0


def test_a_message_that_names_a_tenant_of_another_virtual_host_is_refused(span: Span) -> None:
    there, here = span.there("Acme"), span.here()
    there.send(REQUESTS, DEMO, "in the name of another")
    there.send(REQUESTS, ACME, "in its own")
    _, properties, body = here.take("regards.DLQ")
    assert body == "in the name of another"
    assert properties.headers["x-exception-message"] == (
        f"regards.tenant is 'demo', but the virtual host {span.namespace}.acme is that of Acme"
    )
    assert here.take(REQUEST_QUEUE)[2] == "in its own"
    assert here.count(REQUEST_QUEUE) == 0


def test_a_message_without_a_tenant_is_left_to_the_managers(span: Span) -> None:
    span.there("Acme").send(REQUESTS, {}, "of nobody")
    assert span.here().take(REQUEST_QUEUE)[2] == "of nobody"


def test_several_answers_of_our_workers_come_over_one_by_one(span: Span) -> None:
    heads: list[dict[str, Any]] = [{"headers": each, "correlationId": "7:0:1"} for each in (ACME, DEMO)]
    lines = [line for head in heads for line in (json.dumps(head), '{"status":"SUCCESS"}')]
    span.there("Acme").send(
        "regards.worker.manager.answer", {}, "\n".join(lines), content_type="application/x-ndjson"
    )
    here = span.here()
    _, properties, body = here.take("regards.worker.manager.answer")
    assert (properties.headers, properties.correlation_id) == (ACME, "7:0:1")
    assert json.loads(body) == {"status": "SUCCESS"}
    assert here.take("regards.worker.manager.response.DLQ")[1].headers["regards.tenant"] == "demo"


def test_a_fleet_of_ours_beyond_the_bridge_looks_like_any_other_worker(span: Span) -> None:
    here = span.here()
    heard = here.hear(HEARTBEATS)
    span.there("Acme").send(
        HEARTBEATS, ACME, _beat("Unzip", protocol="celery", concurrency=4, storedContents=True), "#"
    )
    assert json.loads(here.take(heard)[2]) == json.loads(_beat("Unzip", concurrency=4))


def test_dispatches_go_to_the_workers_of_their_tenant(span: Span) -> None:
    dispatches = "regards.worker.unzip.request"
    acme, here = span.there("Acme"), span.here()
    heard = here.hear(HEARTBEATS)
    acme.send(HEARTBEATS, ACME, _beat("UnZip"), "#")
    here.take(heard)
    here.send(dispatches, ACME, "first", "#", message_id="7:0:1", priority=0)
    here.send(dispatches, DEMO, "second", "#", message_id="8:0:1", priority=0)
    delivery, properties, body = acme.take(dispatches)
    assert (body, properties.headers, properties.message_id) == ("first", ACME, "7:0:1")
    assert (delivery.exchange, delivery.routing_key) == (dispatches, "#")
    assert span.there("demo").take(dispatches)[2] == "second"
    assert (acme.count(dispatches), here.count(dispatches)) == (0, 0)


def test_a_dispatch_of_a_tenant_without_a_virtual_host_is_a_dead_letter_of_dispatches(span: Span) -> None:
    here = span.here()
    heard = here.hear(HEARTBEATS)
    span.there("Acme").send(HEARTBEATS, ACME, _beat("Lost"), "#")
    here.take(heard)
    here.send("regards.worker.lost.request", {"regards.tenant": "gone"}, "x", "#")
    _, properties, _ = here.take("regards.worker.manager.request.dlq")
    assert properties.headers["x-exception-message"] == "There is no virtual host of tenant 'gone'"


def test_cancellations_go_to_every_virtual_host(span: Span) -> None:
    acme, demo = span.there("Acme"), span.there("demo")
    heard = {hands: hands.hear("regards.worker.manager.cancel") for hands in (acme, demo)}
    with open_channel_at(span.home) as channel:
        declare(channel, span.host("Acme").way_out + span.host("demo").way_out)
    span.here().send("regards.worker.manager.cancel", {}, '{"dispatchIds":["7:0:1"]}')
    assert [hands.take(queue)[2] for hands, queue in heard.items()] == ['{"dispatchIds":["7:0:1"]}'] * 2
