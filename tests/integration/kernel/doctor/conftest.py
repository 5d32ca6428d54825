"""A virtual host of the module's own, which the settings name, and an operator's hands on it."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.integration.kernel.doctor.operator_tools import Operator
from tests.stack.environment import Servers
from tests.stack.vhosts import own_vhost


@pytest.fixture(scope="module")
def vhost_url(servers: Servers) -> Iterator[str | None]:
    with own_vhost(servers.broker_url) as url:
        yield url


@pytest.fixture
def operator(vhost_url: str, settings: Settings) -> Iterator[Operator]:
    """Give an operator's hands on the broker that the settings name."""
    settings.BROKER_URL = vhost_url
    hands = Operator(vhost_url)
    yield hands
    hands.close()
