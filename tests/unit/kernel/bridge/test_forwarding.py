"""How messages are passed on between virtual hosts."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.dead_letters import dead_letter
from regards_processing.kernel.amqp.envelope import Inbound
from regards_processing.kernel.amqp.errors import BrokerUnavailable
from regards_processing.kernel.amqp.publisher import MessagePublisher
from regards_processing.kernel.amqp.replay import revived
from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.kernel.bridge.forwarding import Arrivals, Departures, HeartbeatArrivals
from regards_processing.kernel.bridge.hosts import TenantHost
from tests.fakes.difficult_brokers import BrokerWithForeignQueue, ChoosyBroker

HOST = TenantHost(name="regards.acme", tenants=frozenset({"Acme"}))
ACME = {"regards.tenant": "Acme"}


def _arrivals(publisher: MessagePublisher, *, exchange: str = topology.REQUEST_EXCHANGE) -> Arrivals:
    return Arrivals(queue=topology.requests(), exchange=exchange, host=HOST, publisher=publisher)


def _message(headers: Mapping[str, Any], body: bytes = b"{}", **others: Any) -> Inbound:
    told = {"queue": "any", "exchange": "somewhere", "routing_key": "key"} | others
    return Inbound(headers=headers, body=body, **told)


def test_what_may_come_a_second_time_is_marked_as_a_replay() -> None:
    """A request that was passed on just before the bridge died must not be refused as a double."""
    broker = InMemoryBroker()
    _arrivals(broker).process([_message(ACME), _message(ACME, redelivered=True)])
    assert [each.headers for each in broker.published] == [ACME, {**ACME, "x-replayed": True}]


@pytest.mark.parametrize(("properties", "date"), [({}, None), ({"timestamp": 7}, 7)])
def test_what_is_passed_on_keeps_its_date_or_has_none(properties: dict[str, int], date: int | None) -> None:
    """Managers know a second copy by its being equal."""
    broker = InMemoryBroker()
    _arrivals(broker).process([_message(ACME, properties=properties)])
    assert [each.properties["timestamp"] for each in broker.published] == [date]


@pytest.mark.parametrize("headers", [{}, {"regards.tenant": None}, {"regards.tenant": {"no": "text"}}])
def test_a_message_that_names_no_tenant_is_passed_on(headers: Mapping[str, Any]) -> None:
    broker = InMemoryBroker()
    assert _arrivals(broker).process([_message(headers)]) == []
    assert [each.headers for each in broker.published] == [headers]


@pytest.mark.parametrize("tenant", ["acme", "Acme ", "other", ""])
def test_a_message_in_the_name_of_another_tenant_dies_and_its_neighbour_does_not(tenant: str) -> None:
    broker = InMemoryBroker()
    (dead,) = _arrivals(broker).process([_message({"regards.tenant": tenant}, b"1"), _message(ACME, b"2")])
    assert (dead.exchange, dead.routing_key, dead.body) == ("regards.DLX", "regards.DLQ", b"1")
    assert dead.headers["x-exception-message"] == (
        f"regards.tenant is {tenant!r}, but the virtual host regards.acme is that of Acme"
    )
    assert [each.body for each in broker.published] == [b"2"]


@pytest.mark.parametrize("others", [{}, {"unreadable": "a decimal without end"}])
def test_what_is_refused_at_the_gate_has_no_way_behind_it(others: Mapping[str, Any]) -> None:
    """The queue of the same name at home is the one that managers read."""
    claimed = {"regards.tenant": "other", "x-death-queue": topology.REQUEST_QUEUE}
    (dead,) = _arrivals(InMemoryBroker()).process([_message(claimed, **others)])
    assert dead.headers["x-death-queue"] == "regards.refused.regards.acme"


def test_what_was_let_in_and_found_no_place_goes_back_to_the_queue_it_was_for() -> None:
    (dead,) = _arrivals(ChoosyBroker(), exchange="nowhere").process([_message(ACME, b"1")])
    assert dead.headers["x-death-queue"] == topology.REQUEST_QUEUE


def test_a_message_that_cannot_be_read_dies() -> None:
    broker = InMemoryBroker()
    (dead,) = _arrivals(broker).process([_message({}, unreadable="a decimal without end")])
    assert "a decimal without end" in dead.headers["x-exception-message"]
    assert broker.published == []


def test_what_the_other_side_never_takes_dies_alone() -> None:
    broker = ChoosyBroker()
    departures = Departures(queue=HOST.departures, publisher=broker)
    (dead,) = departures.process([_message(ACME, b"1", exchange="nowhere"), _message(ACME, b"2")])
    assert (dead.body, dead.headers["x-exception-message"]) == (b"1", "no route")
    assert dead.headers["x-exception-stacktrace"] == "NOT_PASSED_ON: no route"
    assert [each.body for each in broker.published] == [b"2"]


def test_what_is_for_a_worker_type_whose_queue_is_not_ours_holds_up_nothing_else() -> None:
    broker = BrokerWithForeignQueue()
    departures = Departures(queue=HOST.departures, publisher=broker)
    dispatch = {**ACME, "x-bridge-worker-type": "bad"}
    bulk = [_message(dispatch, b"1"), _message(ACME, b"2", exchange="nowhere"), _message(ACME, b"3")]
    dead = departures.process(bulk)
    assert [(each.body, each.headers["x-exception-message"]) for each in dead] == [
        (b"1", "another definition"),
        (b"2", "no route"),
    ]
    assert {each.headers["x-death-queue"] for each in dead} == {HOST.departures.name}
    assert [each.body for each in broker.published] == [b"3"]


def test_what_is_put_back_into_its_queue_still_leaves_by_its_exchange() -> None:
    """A replay and a move of a queue go past exchanges, whose names the other side needs."""
    left = _message({"own": 1}, exchange="regards.sent", routing_key="k")
    dead = dead_letter(left, queue=HOST.departures, reason="no route", stacktrace="")
    letter = _message(dead.headers, exchange="regards.DLX", routing_key="regards.DLQ")
    back = revived(letter, queue=HOST.departures.name)
    waiting = _message(back.headers, exchange="", routing_key=HOST.departures.name)
    broker = InMemoryBroker()
    assert Departures(queue=HOST.departures, publisher=broker).process([waiting]) == []
    (sent,) = broker.published
    assert (sent.exchange, sent.routing_key, sent.headers) == (
        "regards.sent",
        "k",
        {"own": 1, "x-replayed": True},
    )


@pytest.mark.parametrize("headers", [{}, {"x-bridge-exchange": ""}])
def test_what_does_not_tell_where_it_goes_is_kept(headers: Mapping[str, Any]) -> None:
    broker = InMemoryBroker()
    (dead,) = Departures(queue=HOST.departures, publisher=broker).process([_message(headers, exchange="")])
    assert dead.headers["x-exception-message"] == "It does not tell by which exchange it left"
    assert broker.published == []


def test_nothing_is_acknowledged_while_the_other_side_is_away() -> None:
    broker = InMemoryBroker()
    broker.down = True
    with pytest.raises(BrokerUnavailable):
        broker.feed(_arrivals(broker), [_message(ACME)])
    assert broker.acknowledged == []


def test_a_heartbeat_that_cannot_be_read_dies_and_is_heard_by_nobody() -> None:
    heard: list[str] = []
    beats = HeartbeatArrivals(publisher=InMemoryBroker(), heard=heard.append)
    bodies = [b"", b"[]", b"{", b'{"type":7}', b'{"type":"Unzip"}']
    dead = beats.process([_message(ACME, body) for body in bodies])
    assert ([each.body for each in dead], heard) == ([b"", b"[]", b"{"], ["Unzip"])


def test_no_queue_is_read_for_a_worker_type_that_can_have_none() -> None:
    heard: list[str] = []
    broker = InMemoryBroker()
    beats = HeartbeatArrivals(publisher=broker, heard=heard.append)
    body = json.dumps({"type": "é" * 128}).encode()
    assert beats.process([_message(ACME, body), _message(ACME, b'{"type":"short"}')]) == []
    assert (heard, len(broker.published)) == (["short"], 2)
