"""A broker of each kind, empty at the start of each test."""

from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress
from regards_processing.kernel.amqp.ports import BulkLimits
from regards_processing.kernel.amqp.publisher import Publisher
from regards_processing.kernel.amqp.rabbitmq_source import RabbitSource
from tests.integration.kernel.amqp.reading import Reader
from tests.stack.environment import Servers
from tests.stack.vhosts import own_vhost

WORKER_TYPE = "Unzip"
_DECLARED = topology.service_topology("m1") + topology.worker_topology(WORKER_TYPE)


@pytest.fixture(scope="session")
def vhost_url(servers: Servers) -> Iterator[str | None]:
    with own_vhost(servers.broker_url) as url:
        yield url


@pytest.fixture
def rabbitmq(vhost_url: str | None) -> BrokerAddress:
    """Give a virtual host whose queues are empty; making them takes RabbitMQ seconds, so they are kept."""
    address = BrokerAddress(url=vhost_url or "")
    RabbitSource(address=address, queues=[], topology=_DECLARED, limits=BulkLimits()).close()
    with pika.BlockingConnection(pika.URLParameters(vhost_url)) as connection:
        channel = connection.channel()
        for queue in _DECLARED.queues:
            channel.queue_purge(queue.name)
    return address


@pytest.fixture
def embedded(tmp_path: Path) -> BrokerAddress:
    return BrokerAddress(folder=tmp_path / "broker")


# Each kind once: the embedded broker is the same beside every database.
@pytest.fixture(
    params=[pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("embedded", "rabbitmq")]
)
def address(request: pytest.FixtureRequest) -> BrokerAddress:
    """Give one broker after the other; the code under test may not notice."""
    address: BrokerAddress = request.getfixturevalue(request.param)
    return address


@pytest.fixture
def publisher(address: BrokerAddress) -> Iterator[Publisher]:
    opened = Publisher(address=address, max_body_bytes=30_000_000)
    yield opened
    opened.close()


@pytest.fixture
def reader(address: BrokerAddress) -> Reader:
    return Reader(address)
