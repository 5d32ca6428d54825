"""The engine with every statement prepared, as a manager's are after its first bulks."""

import pytest
from django.db import connection
from pytest_django import Settings

from regards_processing.kernel.db import prepared
from tests.factories.messages import an_answer, submissions
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_workflow, live_workers
from tests.fakes.engine import Engine
from worker_manager.models import FinishedRequest

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_it_takes_requests_through_their_workflow(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PREPARED_STATEMENTS = True
    monkeypatch.setattr(prepared, "_OFTEN", 1)
    tenant = a_tenant()
    a_workflow(tenant)
    live_workers("unzip-worker", "sip-worker")
    for count in (1, 3):
        engine.submit(*submissions(count, content_type="ingest", name=f"w{count}"))
        names = [f"w{count}-{number}" for number in range(count)]
        for status in ("RUNNING", "SUCCESS", "SUCCESS"):
            engine.answer(*[an_answer(status, request_id=name, content=b"1") for name in names])
    assert every(FinishedRequest).filter(status="SUCCESS").count() == 4
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(statement, ' ') FROM pg_prepared_statements")
        ((texts,),) = cursor.fetchall()
    for table in ("workermanager_request", "workermanager_finished_request", "regards_outbox"):
        assert f'INSERT INTO "{table}"' in texts
