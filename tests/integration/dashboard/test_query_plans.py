"""No look reads all requests, or the whole history: the plans of PostgreSQL."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.worker_manager import AT, a_tenant, later
from tests.integration.worker_manager import plans
from worker_manager.backlog import backlog
from worker_manager.fleet_overview import fleet_overview
from worker_manager.overview import ended_by_minute, late_statistics, status_counts
from worker_manager.states import RequestStatus

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("statements_apart")]

_CROWD = 20_000


@pytest.mark.parametrize("of_one", [True, False], ids=["one tenant", "all tenants"])
def test_it_reads_no_table_whole(*, of_one: bool) -> None:
    plans.empty()
    small, big = a_tenant(name="small"), a_tenant()
    plans.fill(tenant_id=small.pk, count=2_000)
    plans.fill(tenant_id=big.pk, count=_CROWD)
    plans.analyse()
    tenant = {True: small, False: None}[of_one]
    looks: dict[str, Callable[[], object]] = {
        "counts": partial(status_counts, tenant=tenant, most=1_000),
        "fleets": partial(fleet_overview, tenant=tenant, at=AT, most=1_000),
        "reasons": partial(backlog, tenant=tenant, at=AT, most=100),
        "minutes": partial(ended_by_minute, tenant=tenant, since=later(-1_800), at=AT),
        "statistics": partial(late_statistics, tenant=tenant, since=later(-300), at=AT, most=1_000),
    }
    found = {name: plans.whole_reads(look) for name, look in looks.items()}
    assert {name: statements for name, statements in found.items() if statements} == {}


def test_it_stops_counting_at_the_limit() -> None:
    plans.empty()
    tenant = a_tenant()
    plans.fill(tenant_id=tenant.pk, count=500)
    with CaptureQueriesContext(connection) as captured:
        counts = status_counts(tenant=None, most=50)
    assert len(captured) == 1
    assert counts.of(RequestStatus.DISPATCHED) == 50
    assert counts.cut == {RequestStatus.DISPATCHED}
