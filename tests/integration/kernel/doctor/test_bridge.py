"""The doctor looks whether virtual hosts of tenants are served."""

from collections.abc import Iterator

import pika
import pytest

from regards_processing.kernel.amqp import topology
from regards_processing.kernel.amqp.connection import BrokerAddress, declare, open_channel_at
from regards_processing.kernel.bridge.hosts import TenantHost
from regards_processing.kernel.bridge.removal import take_down
from regards_processing.kernel.bridge.services import hosts_from_settings
from regards_processing.kernel.doctor.bridge import bridge
from regards_processing.kernel.doctor.findings import Outcome
from regards_processing.kernel.doctor.moving import move_messages
from tests.factories.audit import ADA, NOON
from tests.factories.worker_manager import a_tenant
from tests.integration.kernel.doctor.operator_tools import Operator

pytestmark = [pytest.mark.rabbitmq, pytest.mark.django_db]

_RESPONSES = topology.RESPONSE_EVENT_EXCHANGE


@pytest.fixture
def left(operator: Operator) -> Iterator[TenantHost]:
    """Give the virtual host, which is not there, of a tenant whose bridge was stopped."""
    a_tenant(name="Esa")
    (host,) = hosts_from_settings()
    address = BrokerAddress(url=operator.url)
    with open_channel_at(address) as channel:
        declare(channel, host.way_out)
    yield host
    take_down(address=address, hosts=[host], drop_waiting=True)


def test_it_says_when_all_share_one(operator: Operator) -> None:  # noqa: ARG001 (its virtual host)
    a_tenant(name="Esa")
    (finding,) = bridge(NOON)
    assert (finding.outcome, finding.found) == (Outcome.OK, "All tenants share one virtual host")


def test_it_says_what_waits_for_a_bridge_and_for_which_virtual_host(
    left: TenantHost, operator: Operator
) -> None:
    operator.fill(left.departures.name, ["a", "b"])
    same, waits, shut = bridge(NOON)
    assert (same.outcome, same.found) == (Outcome.OK, "1 queue is as the contract says")
    assert (waits.outcome, waits.found) == (
        Outcome.FAILED,
        "2 messages wait for the virtual host regards.esa, and no bridge runs",
    )
    assert waits.advice.splitlines()[0] == "manage.py bridge"
    assert (shut.outcome, "vhost regards.esa not found" in shut.found) == (Outcome.FAILED, True)
    assert shut.advice.splitlines()[0] == "rabbitmqctl add_vhost regards.esa"


def test_a_queue_with_other_arguments_is_moved_with_what_waits_and_says_where_it_goes(
    left: TenantHost, operator: Operator
) -> None:
    queue = left.departures.name
    operator.delete(queue)
    operator.declare(queue)
    operator.channel.queue_bind(
        queue, "regards.bridge", arguments={"x-match": "all", "regards.tenant": "Esa"}
    )
    of_esa = pika.BasicProperties(delivery_mode=2, headers={"regards.tenant": "Esa"})
    operator.channel.basic_publish(_RESPONSES, "k", b"before", of_esa)
    assert "x-single-active-consumer is absent, ours is true" in next(bridge(NOON)).found
    assert move_messages(queue=queue, actor=ADA, at=NOON) == 1
    assert next(bridge(NOON)).outcome == Outcome.OK
    operator.channel.basic_publish(_RESPONSES, "k", b"after", of_esa)
    (before, moved), (after, _) = operator.take_all(queue)
    assert (before, after) == ("before", "after")
    assert moved.headers == {
        "regards.tenant": "Esa",
        "x-replayed": True,
        "x-bridge-exchange": _RESPONSES,
        "x-bridge-routing-key": "k",
    }
