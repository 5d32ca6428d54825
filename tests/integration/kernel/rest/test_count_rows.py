"""Totals: exact when they are small, some seconds old when they are large."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.db.counting import Estimate
from regards_processing.kernel.rest.totals import total_of
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import AT

pytestmark = pytest.mark.django_db


def _more_tenants(count: int) -> None:
    known = Tenant.objects.count()
    Tenant.objects.bulk_create(
        Tenant(name=f"t-{number}", created_at=AT) for number in range(known, known + count)
    )


def _total(key: str, *, kept: int = 60) -> int:
    return total_of(Tenant.objects.all(), key=key, kept=kept, large=3)


def test_it_counts_small_totals_anew() -> None:
    _more_tenants(2)
    assert _total("small") == 2
    _more_tenants(1)
    assert _total("small") == 3


def test_it_remembers_large_totals() -> None:
    _more_tenants(4)
    assert _total("large") == 4
    _more_tenants(1)
    with CaptureQueriesContext(connection) as captured:
        assert _total("large") == 4
    assert not captured.captured_queries


def test_it_knows_each_search_by_its_key() -> None:
    _more_tenants(4)
    assert _total("one") == 4
    _more_tenants(1)
    assert _total("another") == 5


def test_it_remembers_nothing_where_that_is_switched_off() -> None:
    _more_tenants(4)
    assert _total("off", kept=0) == 4
    _more_tenants(1)
    assert _total("off", kept=0) == 5


@pytest.mark.postgres
def test_it_counts_no_further_than_the_limit() -> None:
    _more_tenants(20)
    with CaptureQueriesContext(connection) as captured:
        total = total_of(Tenant.objects.order_by("name"), key="many", kept=60, large=3, limit=5)
    assert isinstance(total, Estimate)
    assert total > 5
    assert "LIMIT 6" in captured.captured_queries[0]["sql"]
    assert isinstance(_total("many"), Estimate)


@pytest.mark.postgres
def test_it_counts_exactly_up_to_the_limit() -> None:
    _more_tenants(5)
    total = total_of(Tenant.objects.all(), key="few", kept=0, limit=5)
    assert (total, isinstance(total, Estimate)) == (5, False)
