"""No bulk reads a crowd that PostgreSQL does not know of yet: it looks at a table once a minute, at most."""

from collections.abc import Callable

import pytest

from tests.factories.messages import a_dead_letter, a_submission, an_answer, submissions
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow, live_workers
from tests.fakes.engine import Engine
from tests.integration.worker_manager import plans
from worker_manager.models import FinishedRequest

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

_CROWD = 20_000
_BULK = 20
#: What one bulk may read of growing tables, for each of its requests.
_MOST_READ = 10

#: What a manager reads in bulks, in the order of a request's life, of requests whose names begin so.
_BULKS: dict[str, Callable[[Engine, str], object]] = {
    "submission": lambda engine, name: engine.submit(
        *submissions(_BULK, name=f"{name}-s"),
        *submissions(_BULK, name=f"{name}-d"),
        *submissions(_BULK, content_type="ingest", name=f"{name}-w"),
    ),
    "submission delivered again": lambda engine, name: engine.submit(
        *[a_submission(f"{name}-s-{number}", redelivered=True) for number in range(_BULK)]
    ),
    "running": lambda engine, name: _answer(engine, "RUNNING", f"{name}-s"),
    "workflow goes on": lambda engine, name: _answer(engine, "SUCCESS", f"{name}-w"),
    "workflow ends": lambda engine, name: _answer(engine, "SUCCESS", f"{name}-w"),
    "work delivered again": lambda engine, name: _answer(engine, "REDELIVERED", f"{name}-s"),
    "success": lambda engine, name: _answer(engine, "SUCCESS", f"{name}-s"),
    "dead letters": lambda engine, name: engine.bury(
        *[a_dead_letter(f"{name}-d-{number}") for number in range(_BULK)]
    ),
}


def _answer(engine: Engine, status: str, name: str) -> None:
    engine.answer(
        *[an_answer(status, request_id=f"{name}-{number}", content=b"1") for number in range(_BULK)]
    )


@pytest.fixture(params=[0, _CROWD], ids=["new tables", "tables that were full before"])
def _crowded(engine: Engine, request: pytest.FixtureRequest) -> None:
    """Have a tenant's crowd come after PostgreSQL has looked at the tables, and after the first few bulks."""
    plans.empty()
    tenant = a_tenant()
    plans.come_and_go(tenant_id=tenant.pk, count=request.param)
    a_worker_type(tenant)
    a_workflow(tenant)
    live_workers("unzip-worker", "sip-worker")
    for act in _BULKS.values():
        act(engine, "quiet")
    plans.fill(tenant_id=tenant.pk, count=_CROWD)


def _read_too_much(engine: Engine) -> dict[str, float]:
    """Take requests through their lives, and return which bulks read too many rows for each of theirs."""
    found = {}
    for name, act in _BULKS.items():
        before = plans.rows_read()
        act(engine, "crowded")
        found[name] = (plans.rows_read() - before) / _BULK
    done = every(FinishedRequest).filter(request_id__startswith="crowded", status="SUCCESS")
    assert done.count() == 2 * _BULK
    return {name: read for name, read in found.items() if read > _MOST_READ}


@pytest.mark.usefixtures("_crowded")
def test_it_reads_what_it_concerns(engine: Engine) -> None:
    assert _read_too_much(engine) == {}


@pytest.mark.usefixtures("prepared_at_once", "_crowded")
def test_it_reads_what_it_concerns_by_plans_of_before(engine: Engine) -> None:
    assert _read_too_much(engine) == {}
