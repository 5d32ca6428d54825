"""An order, or an end, among the many of its batch is looked for by itself: what PostgreSQL reads."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection

from regards_processing.kernel.amqp.testing import InMemoryBroker
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.watch import look_after
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from tests.fakes.engine import committing
from tests.integration.worker_manager import plans
from worker_manager.models import Request

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

_MANY = 20_000
_BULK = 20
#: What a bulk may read of executions, for each of its own.
_MOST_READ = 10
_TABLE = Execution._meta.db_table


def _order(batch: Batch) -> None:
    orders = [an_execution_order(batch, correlation_id=f"e-{number}") for number in range(_BULK)]
    with committing(execute=True):
        order_executions(orders=orders, at=AT)


def _end(_batch: Batch) -> None:
    ended = map(UUID, every(Request).values_list("request_id", flat=True))
    with committing(execute=True):
        apply_responses(responses=[a_response(pk, content=an_outcome()) for pk in ended], at=AT)


def _sweep(_batch: Batch) -> None:
    with committing(execute=True):
        look_after(at=AT)


_BULKS: dict[str, Callable[[Batch], None]] = {
    "order": _order,
    "order again": _order,
    "sweep": _sweep,
    "end": _end,
    "order anew": _order,
}


@pytest.fixture(params=["new table", "table that was full before", "known table"])
def batch(broker: InMemoryBroker, request: pytest.FixtureRequest) -> Batch:  # noqa: ARG001 (orders are published)
    """Give a batch with many open executions, of which PostgreSQL knows or does not: it looks once a minute.

    After a crowd that has gone it believes that the room of that is as empty as before.
    """
    tenant = a_tenant()
    found = a_batch(tenant, a_process(tenant, to_all=True))
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_TABLE} CASCADE")
        _order(found)
        if request.param == "table that was full before":
            _crowd_in()
            every(Execution).filter(correlation_id__startswith="c-").delete()
            cursor.execute(f"ANALYZE {_TABLE}")
        _crowd_in()
        if request.param == "known table":
            cursor.execute(f"ANALYZE {_TABLE}")
    every(Execution).filter(correlation_id__startswith="e-").delete()
    every(Request).delete()
    return found


def _crowd_in() -> None:
    own = {"id", "correlation_id", "correlation_digest"}
    names = [str(field.column) for field in Execution._meta.concrete_fields if field.column not in own]
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} (id, correlation_id, correlation_digest, {columns}) "  # noqa: S608
            f"SELECT gen_random_uuid(), 'c-' || n, md5(n::text), {columns} "
            f"FROM (SELECT * FROM {_TABLE} LIMIT 1) AS one, generate_series(1, %s) AS n",
            [_MANY],
        )


def test_it_reads_no_others_of_its_batch(batch: Batch) -> None:
    found = {}
    for name, act in _BULKS.items():
        plans.without_settings()
        before = plans.rows_read(tables=frozenset({_TABLE}))
        act(batch)
        found[name] = (plans.rows_read(tables=frozenset({_TABLE})) - before) / _BULK
    assert every(Execution).filter(status="SUCCESS").count() == _BULK
    assert {name: read for name, read in found.items() if read > _MOST_READ} == {}
