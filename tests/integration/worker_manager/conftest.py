"""The engine on the session's database, with a broker in memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

from tests.integration.kernel.doctor.operator_tools import Operator
from tests.stack.environment import Servers
from tests.stack.vhosts import own_vhost

if TYPE_CHECKING:
    from tests.fakes.engine import Engine


@pytest.fixture
def engine() -> "Iterator[Engine]":
    # Models cannot be imported when pytest reads this module: Django is set up after that.
    from regards_processing.kernel.amqp.testing import InMemoryBroker  # noqa: PLC0415 (see above)
    from regards_processing.kernel.outbox.port import publishing_through  # noqa: PLC0415 (see above)
    from tests.fakes.engine import Engine  # noqa: PLC0415 (see above)

    broker = InMemoryBroker()
    with publishing_through(broker):
        yield Engine(broker)


@pytest.fixture
def operator(servers: Servers, settings: Settings) -> Iterator[Operator]:
    """Give an operator's hands on a broker of the test's own, which the settings name."""
    with own_vhost(servers.broker_url) as url:
        settings.BROKER_URL = url
        hands = Operator(url or "")
        yield hands
        hands.close()


@pytest.fixture
def prepared_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each statement prepared when it first comes, and its plan kept for long."""
    from django.db import connection  # noqa: PLC0415 (see above)

    from regards_processing.kernel.db import prepared  # noqa: PLC0415 (see above)

    settings.PREPARED_STATEMENTS = True
    monkeypatch.setattr(prepared, "_OFTEN", 1)
    monkeypatch.setattr(prepared, "_KEPT", 600)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    prepared.sessions.clear()
