"""Finished requests are remembered for a while."""

import pytest
from django.db import connection
from pytest_django import Settings

from regards_processing.kernel.db import rows
from regards_processing.kernel.dynamic_settings.services import change_setting, reset_setting
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.audit import ADA
from tests.factories.history import finished_requests
from tests.factories.messages import an_answer, submissions
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, a_worker_type, later, live_workers
from tests.fakes.engine import Engine
from worker_manager.models import FinishedRequest
from worker_manager.module import KEPT
from worker_manager.services.history import forget_finished

pytestmark = pytest.mark.django_db


def _keep(tenant: Tenant, seconds: int) -> None:
    change_setting(tenant=tenant, definition=KEPT, value=seconds, actor=ADA, at=AT)


def _left() -> list[str]:
    return list(every(FinishedRequest).order_by("request_id").values_list("request_id", flat=True))


def test_it_forgets_what_finished_long_ago(engine: Engine, settings: Settings) -> None:
    settings.HISTORY_KEPT, settings.SWEEP_PAGE = 100, 2
    a_worker_type(a_tenant())
    live_workers("unzip-worker")
    engine.submit(*submissions(6))
    engine.answer(*(an_answer(request_id=f"r-{number}") for number in range(5)))
    engine.answer(an_answer(request_id="r-5"), at=later(1))
    assert forget_finished(at=later(100)) == 0
    assert forget_finished(at=later(101)) == 5
    assert every(FinishedRequest).get().request_id == "r-5"


def test_each_tenant_keeps_them_for_a_time_of_its_own(settings: Settings) -> None:
    settings.HISTORY_KEPT = 100
    for name, kept in (("short", 10), ("none", 0), ("long", 1000)):
        finished_requests(tenant := a_tenant(name=name), name)
        _keep(tenant, kept)
    finished_requests(a_tenant(), "usual")
    assert forget_finished(at=later(5)) == 1
    assert _left() == ["long", "short", "usual"]
    assert forget_finished(at=later(11)) == 1
    assert forget_finished(at=later(101)) == 1
    assert _left() == ["long"]


def test_the_default_holds_again_after_a_reset(settings: Settings) -> None:
    settings.HISTORY_KEPT = 100
    finished_requests(tenant := a_tenant(), "r-1")
    _keep(tenant, 10)
    reset_setting(tenant=tenant, definition=KEPT, actor=ADA, at=AT)
    assert forget_finished(at=later(11)) == 0


def test_it_forgets_those_of_inactive_tenants(settings: Settings) -> None:
    settings.HISTORY_KEPT = 100
    finished_requests(a_tenant(active=False), "r-1")
    assert forget_finished(at=later(101)) == 1


def _many(tenant: Tenant, count: int) -> None:
    columns = {
        "tenant": tenant.pk,
        "content_type": "unzip",
        "source": "acme",
        "session": "2025-06",
        "status": "SUCCESS",
        "digest": b"",
        "creation_date": AT,
    }
    values = [[f"r-{number}", later(number), *columns.values()] for number in range(count)]
    names = ["request_id", "finished_at", *columns]
    rows.insert_new(model=FinishedRequest, columns=names, rows=values, returning=("id",))


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("finished_at < '2025-06-01 12:00:50+00' ORDER BY finished_at LIMIT 1000", "ix_finished_request_end"),
        (
            "true ORDER BY finished_at DESC NULLS FIRST, id DESC NULLS FIRST LIMIT 10",
            "ix_finished_request_end",
        ),
        (
            "finished_at >= '2025-06-01 15:00:00+00' ORDER BY finished_at DESC LIMIT 1000",
            "ix_finished_request_end",
        ),
        ("request_id = 'r-17' ORDER BY finished_at DESC", "ix_finished_request_id"),
        ("true ORDER BY request_id ASC NULLS LAST, id ASC LIMIT 10", "ix_finished_request_id"),
    ],
)
def test_no_read_of_a_page_scans_the_table(asked: str, index: str) -> None:
    tenant = a_tenant()
    _many(tenant, 20_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE workermanager_finished_request")
        cursor.execute(
            f"EXPLAIN SELECT id FROM workermanager_finished_request WHERE tenant_id = {tenant.pk} AND {asked}"  # noqa: S608
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert (index in plan, "Seq Scan" in plan) == (True, False), plan
