"""What executions took and made, beside what was expected."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY
from pytest_django import Settings

from regards_processing.processing.measures import executions
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from regards_processing.processing.services.statistics import Statistics, process_statistics
from tests.factories.executions import a_response, an_execution_order, an_outcome, the_execution
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import committing
from tests.integration.worker_manager import plans

pytestmark = pytest.mark.django_db

_BASE = "/api/v1/rs-processing/monitoring"
_CROWD = """
INSERT INTO processing_execution (
    id, tenant_id, batch_id, correlation_id, correlation_digest, batch_correlation_id, process_id,
    process_name, process_info, user_email, status, steps, input_files, expected_duration, created,
    last_updated, deadline_at, log, run_duration, output_size)
SELECT gen_random_uuid(), %(tenant)s, %(batch)s, 'c-' || n, 'c-' || n, 'b', %(process)s,
    'Crop', '{}', 'ada@x.org', CASE WHEN n %% 100 = 0 THEN 'REGISTERED' ELSE 'SUCCESS' END, '[]', '[]', 1000,
    %(at)s, %(at)s - n * interval '1 second', CASE WHEN n %% 100 = 0 THEN %(at)s + interval '1 day' END,
    '[]', 2000, 10
FROM generate_series(1, 20000) AS n
"""


def _order(batch: Batch, *names: str) -> None:
    with committing(execute=True):
        order_executions(orders=[an_execution_order(batch, name) for name in names], at=AT)


def _end(name: str, *, status: str = "SUCCESS", at: float = 5) -> None:
    with committing(execute=True):
        response = a_response(the_execution(name).pk, content=an_outcome(status))
        apply_responses(responses=[response], at=later(at))


def _statistics(batch: Batch, *, since: float = -60) -> Statistics:
    return process_statistics(tenant=batch.tenant, since=later(since), at=later(60))


def test_it_keeps_what_an_execution_took_and_made(batch: Batch) -> None:
    _order(batch, "a")
    _end("a", at=21)
    execution = the_execution("a")
    # Its fleet began half a second after the order.
    assert (execution.run_duration, execution.expected_duration) == (20_500, 10_000)
    assert (execution.input_bytes, execution.expected_size, execution.output_size) == (512, 512, 4)


def test_it_shows_both_by_rest(batch: Batch) -> None:
    _order(batch, "a")
    _end("a", at=21)
    answer = client_as("ADMIN", tenant="demo").get(f"{_BASE}/executions/{the_execution('a').pk}").json()
    shown = answer["content"]
    assert (shown["expectedDuration"], shown["runSeconds"]) == ({"seconds": 10, "nanos": 0}, 20.5)
    assert (shown["inputBytes"], shown["expectedBytes"], shown["outputBytes"]) == (512, 512, 4)
    assert (shown["held"], shown["log"], "retryOf" in shown) == (False, ["done"], False)
    assert [link["rel"] for link in answer["links"]] == ["self"]


def test_it_knows_no_duration_of_what_no_fleet_began(batch: Batch) -> None:
    _order(batch, "a")
    with committing(execute=True):
        refused = a_response(the_execution("a").pk, state="ERROR", messages=("no disk",))
        apply_responses(responses=[refused], at=later(5))
    assert (the_execution("a").run_duration, the_execution("a").output_size) == (None, 0)


def test_it_takes_processes_together(batch: Batch) -> None:
    _order(batch, "a", "b", "c")
    _end("a", at=10.5)
    _end("b", status="FAILURE")
    (found,) = _statistics(batch).processes
    assert (found.ended, found.open_ones) == ({"FAILURE": 1, "SUCCESS": 1}, {"REGISTERED": 1})
    assert (found.duration_ratio, found.size_ratio) == (1.0, 0.008)


def test_it_takes_the_newest_where_there_are_too_many(batch: Batch, settings: Settings) -> None:
    settings.STATISTICS_REQUESTS = 2
    _order(batch, "a", "b", "c")
    for number, name in enumerate("abc"):
        _end(name, at=5 + number)
    found = _statistics(batch)
    assert (found.since, found.processes[0].ended) == (later(6), {"SUCCESS": 2})


def test_it_tells_statistics_by_rest(batch: Batch) -> None:
    _order(batch, "a")
    _end("a", at=20.5)
    other = a_tenant(name="other")
    answer = client_as("ADMIN", tenant="demo").get(f"{_BASE}/processes?since=2025-01-01T00:00:00Z")
    (process,) = answer.json()["processes"]
    assert (process["processName"], process["ended"], process["held"]) == ("Crop", {"SUCCESS": 1}, 0)
    assert (process["runSeconds"], process["durationRatio"]) == ({"p50": 20.0, "p95": 20.0}, 2.0)
    assert process_statistics(tenant=other, since=AT, at=later(60)).processes == ()


@pytest.mark.parametrize("since", ["yesterday", "2999-01-01T00:00:00Z"])
def test_it_refuses_whiles_that_make_no_sense(since: str, batch: Batch) -> None:
    assert (
        client_as("ADMIN", tenant=batch.tenant.name).get(f"{_BASE}/processes?since={since}").status_code
        == 400
    )


def _sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"process": "Crop"} | labels) or 0.0


def test_it_measures_what_ends(batch: Batch) -> None:
    names = ("regards_execution_duration_ratio_sum", "regards_execution_run_seconds_sum")
    before = [_sample(name) for name in names]
    ended = _sample("regards_executions_ended_total", status="SUCCESS")
    _order(batch, "a")
    _end("a", at=20.5)
    grown = [_sample(name) - then for name, then in zip(names, before, strict=True)]
    assert grown == pytest.approx([2.0, 20.0])
    assert _sample("regards_executions_ended_total", status="SUCCESS") == ended + 1


@pytest.mark.postgres
def test_it_reads_no_table_from_end_to_end(batch: Batch) -> None:
    values: dict[str, Any] = {
        "tenant": batch.tenant_id,
        "batch": batch.pk,
        "process": batch.process_id,
        "at": AT,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CROWD, values)
        cursor.execute("ANALYZE processing_execution")
    with CaptureQueriesContext(connection) as captured:
        process_statistics(tenant=batch.tenant, since=AT - timedelta(minutes=5), at=AT)
        list(executions(AT))
    statements = [query["sql"] for query in captured if "processing_execution" in query["sql"]]
    assert len(statements) == 4
    # Of tenants there are few: reading all of them is quite right.
    table = frozenset({Execution._meta.db_table})
    assert [sql for sql in statements if plans.reads_all(sql, tables=table)] == []
    assert every(Execution).count() == 20_000
