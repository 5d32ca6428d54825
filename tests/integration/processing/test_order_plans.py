"""An order among the many of its batch is looked for by itself: what PostgreSQL reads."""

import pytest
from django.db import connection

from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.services.executions import order_executions
from tests.factories.executions import a_batch, an_execution_order
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.integration.worker_manager.plans import rows_read

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

_MANY = 5_000
#: What an order of one execution may read of executions.
_MOST_READ = 20


def _order(batch: Batch, correlation_id: str) -> None:
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, correlation_id=correlation_id)], at=AT)


def _read() -> int:
    return rows_read(tables=frozenset({Execution._meta.db_table}))


@pytest.fixture
def batch(broker: InMemoryBroker) -> Batch:  # noqa: ARG001 (orders are published)
    """Give a batch with many open executions."""
    tenant = a_tenant()
    found = a_batch(tenant, a_process(tenant, to_all=True))
    _order(found, "first")
    own = {"id", "correlation_id", "correlation_digest"}
    names = [str(field.column) for field in Execution._meta.concrete_fields if field.column not in own]
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO processing_execution (id, correlation_id, correlation_digest, {columns}) "  # noqa: S608
            f"SELECT gen_random_uuid(), 'c' || n, md5(n::text), {columns} "
            "FROM processing_execution, generate_series(1, %s) AS n",
            [_MANY],
        )
        cursor.execute("ANALYZE processing_execution")
    return found


def test_it_reads_no_other_order_of_its_batch(batch: Batch) -> None:
    before = _read()
    _order(batch, "first")
    _order(batch, "second")
    assert _read() - before <= _MOST_READ
    assert every(Execution).filter(correlation_id__in=("first", "second")).count() == 2
