"""Virtual hosts for a bridge: that of the platform, and those of two tenants, which exist."""

from collections.abc import Iterator

import pytest

from regards_processing.kernel.amqp.connection import BrokerAddress
from tests.integration.kernel.bridge.hands import TENANTS
from tests.stack.environment import Servers, throw_away_name, with_path
from tests.stack.vhosts import VhostStock


@pytest.fixture(scope="module")
def ground(servers: Servers) -> Iterator[tuple[BrokerAddress, str]]:
    """Give the virtual host of the platform, and what the names of the others begin with."""
    stock, namespace = VhostStock(servers.broker_url or ""), throw_away_name("bridge")
    home = f"{namespace}.multitenant.manager"
    stock.make([home, *(f"{namespace}.{tenant.lower()}" for tenant in TENANTS)])
    yield BrokerAddress(url=with_path(servers.broker_url or "", home)), namespace
    stock.remove_all()
