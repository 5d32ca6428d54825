"""Processing on the session's database, with a broker in memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from regards_processing.kernel.amqp.testing import InMemoryBroker


@pytest.fixture
def broker() -> "Iterator[InMemoryBroker]":
    # Models cannot be imported when pytest reads this module: Django is set up after that.
    from regards_processing.kernel.amqp.testing import InMemoryBroker  # noqa: PLC0415 (see above)
    from regards_processing.kernel.outbox.port import publishing_through  # noqa: PLC0415 (see above)

    in_memory = InMemoryBroker()
    with publishing_through(in_memory):
        yield in_memory
