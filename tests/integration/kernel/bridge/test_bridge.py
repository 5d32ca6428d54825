"""What virtual hosts of tenants and that of the platform send each other, while bridges come and go."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from regards_processing.kernel.amqp.connection import BrokerAddress, declare, open_channel_at
from regards_processing.kernel.bridge.removal import BridgeInUse, take_down
from tests.integration.kernel.bridge.span import Span
from tests.integration.workers.fleet import wait_for

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


def _span(ground: tuple[BrokerAddress, str]) -> Span:
    home, namespace = ground
    return Span(home=home, namespace=namespace)


@pytest.fixture
def span(ground: tuple[BrokerAddress, str]) -> Iterator[Span]:
    made = _span(ground)
    made.empty()
    yield made
    made.close()
    made.let_go()


@pytest.fixture
def second(ground: tuple[BrokerAddress, str]) -> Iterator[Span]:
    """Give another bridge between the same virtual hosts."""
    made = _span(ground)
    yield made
    made.close()


@pytest.fixture(scope="class")
def running(ground: tuple[BrokerAddress, str]) -> Iterator[Span]:
    made = _span(ground)
    made.open()
    yield made
    made.close()


@pytest.fixture
def opened(running: Span) -> Iterator[Span]:
    """Give a bridge that runs for all tests of a class."""
    running.empty()
    yield running
    running.let_go()


def _beat(worker_type: str, **other: object) -> str:
    beat = {"id": "w1", "type": worker_type, "heartBeatDate": "2026-11-30T10:00:00.000Z"}
    return json.dumps(beat | other)


class TestPassages:
    @pytest.mark.parametrize(("exchange", "key", "queue"), READ, ids=[queue for _, _, queue in READ])
    def test_what_the_platform_reads_comes_over(
        self, opened: Span, exchange: str, key: str, queue: str
    ) -> None:
        opened.there("Acme").send(
            exchange, {**ACME, "own": "value"}, "as it is", key, priority=7, app_id="client"
        )
        _, properties, body = opened.here().take(queue)
        assert (body, properties.headers) == ("as it is", {**ACME, "own": "value"})
        assert (properties.priority, properties.app_id, properties.delivery_mode) == (7, "client", 2)

    @pytest.mark.parametrize("exchange", SENT)
    def test_what_the_platform_sends_goes_to_the_virtual_host_of_its_tenant(
        self, opened: Span, exchange: str
    ) -> None:
        acme, demo, here = opened.there("Acme"), opened.there("demo"), opened.here()
        at_acme, at_demo = acme.hear(exchange), demo.hear(exchange)
        with open_channel_at(opened.home) as channel:
            declare(channel, opened.host("Acme").way_out + opened.host("demo").way_out)
        here.send(exchange, {**ACME, "own": "value"}, "of Acme", priority=1, message_id="m1")
        here.send(exchange, DEMO, "of demo")
        _, properties, body = acme.take(at_acme)
        assert (body, properties.headers) == ("of Acme", {**ACME, "own": "value"})
        assert (properties.priority, properties.message_id) == (1, "m1")
        assert demo.take(at_demo)[2] == "of demo"
        assert acme.count(at_acme) == 0

    def test_a_message_that_names_a_tenant_of_another_virtual_host_is_refused(self, opened: Span) -> None:
        there, here = opened.there("Acme"), opened.here()
        there.send(REQUESTS, DEMO, "in the name of another")
        there.send(REQUESTS, ACME, "in its own")
        _, properties, body = here.take("regards.DLQ")
        assert body == "in the name of another"
        assert properties.headers["x-exception-message"] == (
            f"regards.tenant is 'demo', but the virtual host {opened.namespace}.acme is that of Acme"
        )
        assert here.take(REQUEST_QUEUE)[2] == "in its own"
        assert here.count(REQUEST_QUEUE) == 0

    def test_a_message_without_a_tenant_is_left_to_the_managers(self, opened: Span) -> None:
        opened.there("Acme").send(REQUESTS, {}, "of nobody")
        assert opened.here().take(REQUEST_QUEUE)[2] == "of nobody"

    def test_several_answers_of_our_workers_come_over_one_by_one(self, opened: Span) -> None:
        heads: list[dict[str, Any]] = [{"headers": each, "correlationId": "7:0:1"} for each in (ACME, DEMO)]
        lines = [line for head in heads for line in (json.dumps(head), '{"status":"SUCCESS"}')]
        opened.there("Acme").send(
            "regards.worker.manager.answer", {}, "\n".join(lines), content_type="application/x-ndjson"
        )
        here = opened.here()
        _, properties, body = here.take("regards.worker.manager.answer")
        assert (properties.headers, properties.correlation_id) == (ACME, "7:0:1")
        assert json.loads(body) == {"status": "SUCCESS"}
        assert here.take("regards.worker.manager.response.DLQ")[1].headers["regards.tenant"] == "demo"

    def test_a_fleet_of_ours_beyond_the_bridge_looks_like_any_other_worker(self, opened: Span) -> None:
        here = opened.here()
        heard = here.hear(HEARTBEATS)
        opened.there("Acme").send(
            HEARTBEATS, ACME, _beat("Unzip", protocol="celery", concurrency=4, storedContents=True), "#"
        )
        assert json.loads(here.take(heard)[2]) == json.loads(_beat("Unzip", concurrency=4))

    def test_dispatches_go_to_the_workers_of_their_tenant(self, opened: Span) -> None:
        dispatches = "regards.worker.unzip.request"
        acme, here = opened.there("Acme"), opened.here()
        heard = here.hear(HEARTBEATS)
        acme.send(HEARTBEATS, ACME, _beat("UnZip"), "#")
        here.take(heard)
        here.send(dispatches, ACME, "first", "#", message_id="7:0:1", priority=0)
        here.send(dispatches, DEMO, "second", "#", message_id="8:0:1", priority=0)
        delivery, properties, body = acme.take(dispatches)
        assert (body, properties.headers, properties.message_id) == ("first", ACME, "7:0:1")
        assert (delivery.exchange, delivery.routing_key) == (dispatches, "#")
        assert opened.there("demo").take(dispatches)[2] == "second"
        assert (acme.count(dispatches), here.count(dispatches)) == (0, 0)

    def test_a_dispatch_of_a_tenant_without_a_virtual_host_is_a_dead_letter_of_dispatches(
        self, opened: Span
    ) -> None:
        here = opened.here()
        heard = here.hear(HEARTBEATS)
        opened.there("Acme").send(HEARTBEATS, ACME, _beat("Lost"), "#")
        here.take(heard)
        here.send("regards.worker.lost.request", {"regards.tenant": "gone"}, "x", "#")
        _, properties, _ = here.take("regards.worker.manager.request.dlq")
        assert properties.headers["x-exception-message"] == "There is no virtual host of tenant 'gone'"

    def test_cancellations_go_to_every_virtual_host(self, opened: Span) -> None:
        acme, demo = opened.there("Acme"), opened.there("demo")
        heard = {hands: hands.hear("regards.worker.manager.cancel") for hands in (acme, demo)}
        with open_channel_at(opened.home) as channel:
            declare(channel, opened.host("Acme").way_out + opened.host("demo").way_out)
        opened.here().send("regards.worker.manager.cancel", {}, '{"dispatchIds":["7:0:1"]}')
        assert [hands.take(queue)[2] for hands, queue in heard.items()] == ['{"dispatchIds":["7:0:1"]}'] * 2


def test_what_is_sent_while_no_bridge_runs_waits(span: Span) -> None:
    span.open()
    acme, here = span.there("Acme"), span.here()
    heard = acme.hear(RESPONSES)
    here.send(RESPONSES, ACME, "before")
    acme.take(heard)
    span.close()
    here.send(RESPONSES, ACME, "meanwhile")
    acme.send(REQUESTS, ACME, "as well")
    span.open()
    assert acme.take(heard)[2] == "meanwhile"
    assert here.take(REQUEST_QUEUE)[2] == "as well"


def test_one_that_cannot_be_entered_keeps_nobody_waiting(span: Span) -> None:
    span.tenants = ["Aaa", *span.tenants]
    span.open()
    here = span.here()
    here.send(RESPONSES, {"regards.tenant": "Aaa"}, "waits")
    span.there("Acme").send(REQUESTS, ACME, "passes")
    assert here.take(REQUEST_QUEUE)[2] == "passes"
    span.close()
    assert here.count(span.host("Aaa").departures.name) == 1
    assert take_down(address=span.home, hosts=[span.host("Aaa")], drop_waiting=True) == 1


def test_tenants_whose_names_differ_by_case_alone_share_one(span: Span) -> None:
    span.tenants = ["Acme", "ACME"]
    span.open()
    there, here = span.there("Acme"), span.here()
    for tenant in span.tenants:
        there.send(REQUESTS, {"regards.tenant": tenant}, tenant)
    assert {here.take(REQUEST_QUEUE)[2] for _ in range(2)} == {"Acme", "ACME"}


def test_two_bridges_keep_the_order_of_what_leaves_and_share_what_comes(span: Span, second: Span) -> None:
    there, here = span.there("Acme"), span.here()
    span.open()
    heard = there.hear(RESPONSES)
    second.open()
    bodies = [str(number) for number in range(200)]
    for body in bodies[:100]:
        there.send(REQUESTS, ACME, body)
        here.send(RESPONSES, ACME, body)
    assert sorted(here.take(REQUEST_QUEUE)[2] for _ in bodies[:100]) == sorted(bodies[:100])
    assert [there.take(heard)[2] for _ in bodies[:100]] == bodies[:100]
    span.close()
    for body in bodies[100:]:
        here.send(RESPONSES, ACME, body)
    assert [there.take(heard)[2] for _ in bodies[100:]] == bodies[100:]
    second.close()
    assert (here.count(REQUEST_QUEUE), there.count(heard)) == (0, 0)


class TestFollowing:
    def test_a_worker_type_that_nobody_configured_leaves_no_queue(self, span: Span) -> None:
        span.open()
        acme, here = span.there("Acme"), span.here()
        heard = here.hear(HEARTBEATS)
        for worker_type in ("made-up", "Unzip"):
            acme.send(HEARTBEATS, ACME, _beat(worker_type), "#")
            here.take(heard)
        here.send("regards.worker.unzip.request", ACME, "crosses", "#")
        assert acme.take("regards.worker.unzip.request")[2] == "crosses"
        assert not here.has("regards.worker.made-up.request")

    def test_one_that_is_configured_later_is_followed_when_it_beats_again(self, span: Span) -> None:
        dispatches = "regards.worker.late.request"
        span.open()
        acme, here = span.there("Acme"), span.here()
        heard = here.hear(HEARTBEATS)
        acme.send(HEARTBEATS, ACME, _beat("Late"), "#")
        here.take(heard)
        span.configure("late")
        acme.send(HEARTBEATS, ACME, _beat("Late"), "#")
        here.send(dispatches, ACME, "crosses", "#")
        assert acme.take(dispatches)[2] == "crosses"

    def test_one_is_followed_while_it_beats_though_it_was_deleted_and_then_forgotten(
        self, span: Span
    ) -> None:
        """Requests keep the plans that were made before."""
        dispatches, span.remember_for = "regards.worker.unzip.request", 5.0
        span.open()
        acme, here = span.there("Acme"), span.here()
        acme.send(HEARTBEATS, ACME, _beat("Unzip"), "#")
        here.send(dispatches, ACME, "first", "#")
        assert acme.take(dispatches)[2] == "first"
        span.configure()
        acme.send(HEARTBEATS, ACME, _beat("Unzip"), "#")
        here.send(dispatches, ACME, "planned before", "#")
        assert acme.take(dispatches)[2] == "planned before"
        wait_for(lambda: not here.is_read(dispatches))
        acme.send(HEARTBEATS, ACME, _beat("Unzip"), "#")
        acme.send(REQUESTS, ACME, "after the beat")
        here.take(REQUEST_QUEUE)
        here.send(dispatches, ACME, "stays", "#")
        assert here.take(dispatches)[2] == "stays"


class TestTakingDown:
    def test_a_bridge_that_runs_keeps_what_it_needs(self, span: Span) -> None:
        span.open()
        span.there("Acme").send(REQUESTS, ACME, "it runs")
        span.here().take(REQUEST_QUEUE)
        with pytest.raises(BridgeInUse, match="1 bridges serve the virtual host"):
            take_down(address=span.home, hosts=span.hosts(), drop_waiting=True)

    def test_nothing_is_dropped_unless_told_so(self, span: Span) -> None:
        with open_channel_at(span.home) as channel:
            declare(channel, span.host("Acme").way_out)
        here = span.here()
        here.send(RESPONSES, ACME, "waits")
        with pytest.raises(BridgeInUse, match="1 messages wait for virtual hosts"):
            take_down(address=span.home, hosts=span.hosts(), drop_waiting=False)
        assert here.count(span.host("Acme").departures.name) == 1
        assert take_down(address=span.home, hosts=span.hosts(), drop_waiting=True) == 1
        assert take_down(address=span.home, hosts=span.hosts(), drop_waiting=False) == 0
