"""The engine with every statement prepared, as a manager's are after its first bulks."""

from collections.abc import Sequence

import pytest
from django.db import connection

from tests.factories.messages import an_answer, submissions
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_workflow, live_workers
from tests.fakes.engine import Engine
from tests.integration.worker_manager import plans
from worker_manager.models import FinishedRequest

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("prepared_at_once")]


def _work(engine: Engine, *, counts: Sequence[int]) -> None:
    """Take requests through a workflow, a bulk of each size."""
    for count in counts:
        engine.submit(*submissions(count, content_type="ingest", name=f"w{count}"))
        names = [f"w{count}-{number}" for number in range(count)]
        for status in ("RUNNING", "SUCCESS", "SUCCESS"):
            engine.answer(*[an_answer(status, request_id=name, content=b"1") for name in names])


def test_it_takes_requests_through_their_workflow(engine: Engine) -> None:
    a_workflow(a_tenant())
    live_workers("unzip-worker", "sip-worker")
    _work(engine, counts=[1, 3])
    assert every(FinishedRequest).filter(status="SUCCESS").count() == 4
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(statement, ' ') FROM pg_prepared_statements")
        ((texts,),) = cursor.fetchall()
    for table in ("workermanager_request", "workermanager_finished_request", "regards_outbox"):
        assert f'INSERT INTO "{table}"' in texts


def test_it_has_plans_that_fit_whatever_the_values(engine: Engine) -> None:
    plans.empty()
    tenant, other = a_tenant(), a_tenant(name="other")
    a_workflow(tenant)
    plans.fill(tenant_id=tenant.pk, count=6_000)
    plans.fill(tenant_id=other.pk, count=36_000)
    plans.analyse()
    live_workers("unzip-worker", "sip-worker", concurrency=1)
    _work(engine, counts=[1, 100])
    asked = plans.prepared_statements()
    assert len(asked) >= 6
    assert [text for text, execution in asked if plans.reads_all(execution)] == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT SUM(custom_plans) FROM pg_prepared_statements")
        assert cursor.fetchall() == [(0,)]
