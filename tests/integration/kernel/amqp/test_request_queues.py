"""Requests of tenants in queues of their own, and together again, while clients publish."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count

import pika
import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.loop import BulkLoop
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource
from regards_processing.kernel.amqp.relocation import QueueInUse, relocate
from regards_processing.kernel.amqp.request_queues import (
    SortingUnavailable,
    are_sorted,
    keep_together,
    sort_by_tenant,
)
from tests.integration.kernel.amqp.reading import NoteTaker
from tests.integration.kernel.doctor.operator_tools import Operator
from tests.stack.environment import Servers
from tests.stack.vhosts import own_vhost

pytestmark = pytest.mark.rabbitmq

_TENANTS = ("acme", "Demo")
_PATIENCE = 30.0


@pytest.fixture(scope="module")
def own_address(servers: Servers) -> Iterator[BrokerAddress]:
    """Give a virtual host of the module's own: its routes are changed."""
    with own_vhost(servers.broker_url) as url:
        yield BrokerAddress(url=url or "")


@pytest.fixture
def address(own_address: BrokerAddress) -> Iterator[BrokerAddress]:
    """Give a broker where all requests wait together, none of them at the end."""
    shared = topology.shared_topology()
    RabbitSource(address=own_address, queues=[], topology=shared, limits=BulkLimits()).close()
    yield own_address
    _together(own_address)
    with pika.BlockingConnection(pika.URLParameters(own_address.url)) as connection:
        connection.channel().queue_purge(topology.REQUEST_QUEUE)


@pytest.fixture
def operator(address: BrokerAddress) -> Iterator[Operator]:
    hands = Operator(address.url)
    hands.channel.confirm_delivery()
    yield hands
    hands.close()


def _submit(operator: Operator, tenant: str | None, body: str) -> None:
    headers = {"regards.tenant": tenant} if tenant else {}
    properties = pika.BasicProperties(headers=headers, delivery_mode=2)
    operator.channel.basic_publish(topology.REQUEST_EXCHANGE, "", body.encode(), properties)


def _made(address: BrokerAddress, *tenants: str) -> None:
    """Have queues of tenants made, as a manager does, and leave them unread."""
    source = RabbitSource(
        address=address, queues=[topology.requests()], topology=topology.Topology(), limits=BulkLimits()
    )
    source.follow({topology.requests_of(each): topology.sorted_topology(each) for each in tenants})
    source.close()


def _together(address: BrokerAddress, *tenants: str) -> int:
    moved: list[int] = []
    keep_together(address=address, tenants=tenants or _TENANTS, on_moved=moved.append)
    return sum(moved)


def _in_queues(operator: Operator) -> dict[str, list[str]]:
    queues = {"": topology.REQUEST_QUEUE} | {each: topology.requests_of(each).name for each in _TENANTS}
    return {each: operator.bodies(name) for each, name in queues.items() if operator.count(name)}


def test_each_request_waits_in_the_queue_of_its_tenant(address: BrokerAddress, operator: Operator) -> None:
    sort_by_tenant(address=address)
    _made(address, *_TENANTS)
    for tenant in ("acme", "Demo", "demo", "unknown", None):
        _submit(operator, tenant, f"of {tenant}")
    assert _in_queues(operator) == {
        "acme": ["of acme"],
        "Demo": ["of Demo"],
        "": ["of demo", "of unknown", "of None"],
    }


def test_before_a_manager_makes_queues_all_wait_together(address: BrokerAddress, operator: Operator) -> None:
    sort_by_tenant(address=address)
    assert are_sorted(address=address)
    _submit(operator, "acme", "early")
    assert _in_queues(operator) == {"": ["early"]}


def test_whoever_connects_later_leaves_the_routes_alone(address: BrokerAddress, operator: Operator) -> None:
    sort_by_tenant(address=address)
    _made(address, "acme")
    for declared in (topology.service_topology("m1"), topology.client_topology("c1", exchanges=())):
        RabbitSource(address=address, queues=[], topology=declared, limits=BulkLimits()).close()
    _submit(operator, "acme", "once")
    assert _in_queues(operator) == {"acme": ["once"]}


def test_together_again_all_wait_in_one_queue(address: BrokerAddress, operator: Operator) -> None:
    sort_by_tenant(address=address)
    _made(address, *_TENANTS)
    for number, tenant in enumerate(_TENANTS):
        _submit(operator, tenant, str(number))
    assert _together(address) == len(_TENANTS)
    assert not are_sorted(address=address)
    _submit(operator, "acme", "later")
    taken = operator.take_all(topology.REQUEST_QUEUE)
    assert sorted(body for body, _ in taken) == ["0", "1", "later"]
    # A move that is interrupted brings some twice: they say so, and equal ones are taken for one.
    assert sum("x-replayed" in str(properties.headers) for _, properties in taken) == len(_TENANTS)
    assert [operator.count(topology.requests_of(each).name) for each in _TENANTS] == [None, None]


def test_the_way_back_can_be_finished_later(address: BrokerAddress, operator: Operator) -> None:
    sort_by_tenant(address=address)
    _made(address, "acme")
    _submit(operator, "acme", "waits")
    operator.channel.exchange_bind(topology.SORTED_REQUESTS, topology.REQUEST_EXCHANGE)
    # As far as an interrupted one came.
    operator.channel.queue_bind(topology.REQUEST_QUEUE, topology.REQUEST_EXCHANGE)
    operator.channel.exchange_delete(topology.SORTED_REQUESTS)
    assert [_together(address), _together(address)] == [1, 0]
    assert _in_queues(operator) == {"": ["waits"]}


def test_a_queue_that_is_read_is_not_taken_away(
    address: BrokerAddress, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regards_processing.kernel.amqp.request_queues._LEAVE", 0.0)
    sort_by_tenant(address=address)
    _made(address, "acme")
    operator.channel.basic_consume(topology.requests_of("acme").name, lambda *_delivery: None)
    with pytest.raises(QueueInUse, match="1 managers read the requests of acme"):
        _together(address)


def test_messages_of_the_shared_queue_can_be_moved_meanwhile(
    address: BrokerAddress, operator: Operator
) -> None:
    sort_by_tenant(address=address)
    _made(address, "acme")
    operator.delete(topology.REQUEST_QUEUE)
    operator.declare(topology.REQUEST_QUEUE, x_max_priority=9)
    operator.channel.queue_bind(topology.REQUEST_QUEUE, topology.UNSORTED_REQUESTS)
    found = topology.shared_topology()
    routes = tuple(route for route in found.bindings if route.queue == topology.REQUEST_QUEUE)
    own = topology.Topology(queues=(topology.requests(),), bindings=routes)
    relocate(topology=own, address=address, on_moved=lambda _count: None)
    _submit(operator, "acme", "sorted")
    _submit(operator, "unknown", "passed on")
    assert _in_queues(operator) == {"acme": ["sorted"], "": ["passed on"]}


def test_the_embedded_broker_does_not_sort(embedded: BrokerAddress) -> None:
    with pytest.raises(SortingUnavailable, match="BROKER_URL"):
        sort_by_tenant(address=embedded)
    assert not are_sorted(address=embedded)
    assert _together(embedded) == 0


class _Client(threading.Thread):
    """Publishes numbered requests of two tenants and of nobody, until it is told to stop."""

    def __init__(self, address: BrokerAddress) -> None:
        super().__init__(daemon=True)
        self._address = address
        self.enough = threading.Event()
        self.published = 0

    def run(self) -> None:
        hands = Operator(self._address.url)
        hands.channel.confirm_delivery()
        for number in count():
            if self.enough.is_set():
                break
            _submit(hands, (*_TENANTS, "unknown")[number % 3], str(number))
            self.published = number + 1
        hands.close()

    def finish(self) -> None:
        """Publish no more, and return when the broker has all."""
        self.enough.set()
        self.join(_PATIENCE)
        assert not self.is_alive()


class _Manager(threading.Thread):
    """Reads the queue of all and those of tenants, as a manager does."""

    def __init__(self, address: BrokerAddress, publisher: Publisher) -> None:
        super().__init__(daemon=True)
        self.stop = threading.Event()
        self.shared = NoteTaker(expected=10**9)
        self.own = [NoteTaker(expected=10**9, queue=topology.requests_of(each)) for each in _TENANTS]
        for each, tenant in zip(self.own, _TENANTS, strict=True):
            each.topology = topology.sorted_topology(tenant)
        self.reads_own = threading.Event()
        self._loop = BulkLoop(
            [self.shared],
            address=address,
            topology=topology.shared_topology(),
            publisher=publisher,
            guests=lambda: self.own if self.reads_own.is_set() else [],
            look_every=0.05,
        )

    def run(self) -> None:
        self._loop.run(self.stop)

    def bodies(self) -> Counter[bytes]:
        return Counter(message.body for each in (self.shared, *self.own) for message in each.handled)


def _read_more(consumer: NoteTaker, manager: _Manager) -> None:
    """Wait until more messages of a queue were read than by now."""
    enough = len(consumer.handled) + 30
    _until(lambda: len(consumer.handled) >= enough, manager)


def _until(condition: Callable[[], bool], manager: _Manager) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert manager.is_alive()
        assert time.monotonic() < deadline, manager.bodies().most_common(3)
        time.sleep(0.01)


def test_nothing_is_lost_and_nothing_comes_twice_while_it_is_switched(
    address: BrokerAddress, publisher: Publisher
) -> None:
    manager, client = _Manager(address, publisher), _Client(address)
    manager.start()
    client.start()
    try:
        for _ in range(2):
            _read_more(manager.shared, manager)
            sort_by_tenant(address=address)
            manager.reads_own.set()
            for own in manager.own:
                _read_more(own, manager)
            manager.reads_own.clear()
            _together(address)
            _read_more(manager.shared, manager)
        client.finish()
        _until(lambda: len(manager.bodies()) >= client.published, manager)
    finally:
        client.enough.set()
        manager.stop.set()
        manager.join(_PATIENCE)
    assert manager.bodies() == Counter(str(number).encode() for number in range(client.published))


def test_who_comes_after_a_flood_does_not_wait_until_it_was_read(
    address: BrokerAddress, publisher: Publisher, operator: Operator
) -> None:
    sort_by_tenant(address=address)
    _made(address, *_TENANTS)
    for number in range(1000):
        _submit(operator, "acme", str(number))
    _submit(operator, "Demo", "comes last")
    manager = _Manager(address, publisher)
    flooding, calm = manager.own
    read_before: list[int] = []
    manager.reads_own.set()
    calm.on_body = lambda _body: read_before.append(len(flooding.handled))
    manager.start()
    _until(lambda: len(flooding.handled) >= 1000, manager)
    manager.stop.set()
    manager.join(_PATIENCE)
    bulks = {len(bulk) for bulk in flooding.bulks}
    assert max(bulks) == topology.requests_of("acme").bulk
    # What is read in advance is two bulks.
    assert read_before[0] <= 2 * max(bulks)
