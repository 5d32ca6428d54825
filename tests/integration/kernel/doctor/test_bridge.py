"""The doctor looks whether virtual hosts of tenants are served."""

from collections.abc import Iterator

import pytest

from regards_processing.kernel.amqp.connection import BrokerAddress, declare, open_channel_at
from regards_processing.kernel.bridge.hosts import TenantHost
from regards_processing.kernel.bridge.removal import take_down
from regards_processing.kernel.bridge.services import hosts_from_settings
from regards_processing.kernel.doctor.bridge import bridge
from regards_processing.kernel.doctor.findings import Outcome
from tests.factories.audit import NOON
from tests.factories.worker_manager import a_tenant
from tests.integration.kernel.doctor.operator_tools import Operator

pytestmark = [pytest.mark.rabbitmq, pytest.mark.django_db]


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
