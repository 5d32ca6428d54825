"""A bridge comes and goes, and so do the tenants whose virtual hosts it joins."""

import time
from collections.abc import Iterator

import pytest

from regards_processing.kernel.amqp.connection import BrokerAddress, declare, open_channel_at
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.bridge.removal import BridgeInUse, take_down
from tests.integration.kernel.bridge.span import Span
from tests.stack.environment import Servers
from tests.stack.managed_vhosts import open_office

pytestmark = pytest.mark.rabbitmq

_MANAGER = "fr.cnes.regards.modules.workermanager"
REQUESTS = f"regards.broadcast.{_MANAGER}.amqp.events.in.RequestEvent"
REQUEST_QUEUE = f"regards.broadcast.rs-worker-manager.{_MANAGER}.service.flow.RequestHandler"
RESPONSES = f"regards.broadcast.{_MANAGER}.amqp.events.out.ResponseEvent"
ACME = {"regards.tenant": "Acme"}


@pytest.fixture
def span(ground: tuple[BrokerAddress, str]) -> Iterator[Span]:
    home, namespace = ground
    made = Span(home=home, namespace=namespace)
    made.empty()
    yield made
    made.close()
    made.let_go()


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


def test_a_tenant_that_comes_later_gets_its_virtual_host(span: Span, servers: Servers) -> None:
    with open_office(servers.broker_url or "") as office:
        span.management_url = office.url
        span.open()
        span.there("Acme").send(REQUESTS, ACME, "meanwhile")
        span.tenants.append("later")
        deadline = time.monotonic() + 30
        while len(office.puts) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        span.there("later").send(REQUESTS, {"regards.tenant": "later"}, "its first")
        here = span.here()
        assert {here.take(REQUEST_QUEUE)[2] for _ in range(2)} == {"meanwhile", "its first"}
        span.close()
        take_down(address=span.home, hosts=[span.host("later")], drop_waiting=False)
        span.let_go()


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


def test_two_bridges_share_the_work(span: Span) -> None:
    second = Span(home=span.home, namespace=span.namespace)
    there, here = span.there("Acme"), span.here()
    heard = there.hear(RESPONSES)
    span.open()
    second.open()
    bodies = [str(number) for number in range(100)]
    for body in bodies:
        there.send(REQUESTS, ACME, body)
        here.send(RESPONSES, ACME, body)
    assert sorted(here.take(REQUEST_QUEUE)[2] for _ in bodies) == sorted(bodies)
    assert sorted(there.take(heard)[2] for _ in bodies) == sorted(bodies)
    second.close()
    assert (here.count(REQUEST_QUEUE), there.count(heard)) == (0, 0)


def test_a_loop_that_ends_by_an_error_ends_the_bridge(span: Span, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever supervises it starts it again."""

    def fail(*_given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(BulkLoop, "run", fail)
    span.open()
    span.join()
    assert [str(error) for error in span.ended] == ["A loop of the bridge has ended"]


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
