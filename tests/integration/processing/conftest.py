"""Processing on the session's database, with a broker in memory."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from regards_processing.kernel.amqp.testing import InMemoryBroker
    from regards_processing.processing.models import Batch


@pytest.fixture
def broker() -> "Iterator[InMemoryBroker]":
    # Models cannot be imported when pytest reads this module: Django is set up after that.
    from regards_processing.kernel.amqp.testing import InMemoryBroker  # noqa: PLC0415 (see above)
    from regards_processing.kernel.outbox.port import publishing_through  # noqa: PLC0415 (see above)

    in_memory = InMemoryBroker()
    with publishing_through(in_memory):
        yield in_memory


@pytest.fixture
def batch() -> "Batch":
    """Give a batch of a process that is offered to everybody."""
    from tests.factories.executions import a_batch  # noqa: PLC0415 (see above)
    from tests.factories.processing import a_process  # noqa: PLC0415 (see above)
    from tests.factories.worker_manager import a_tenant  # noqa: PLC0415 (see above)

    tenant = a_tenant()
    return a_batch(tenant, a_process(tenant, to_all=True))
