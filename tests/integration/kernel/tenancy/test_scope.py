"""No query of tenants' rows runs before it says whose rows it means."""

import asyncio
import operator
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Prefetch, Q, QuerySet
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.scope import UnscopedQuery
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow
from worker_manager.models import InputContentType, WorkerType, Workflow

pytestmark = pytest.mark.django_db

Rows = QuerySet[WorkerType, Any]
_UNSCOPED = WorkerType.objects
_EVALUATIONS: dict[str, Callable[[Rows], object]] = {
    "iterate": list,
    "values": lambda rows: list(rows.values("pk")),
    "values_list": lambda rows: list(rows.values_list("pk", flat=True)),
    "dates of a filter": lambda rows: list(rows.filter(keep_errors=True).order_by("pk")[:2]),
    "truth": bool,
    "length": len,
    "index": lambda rows: rows[0],
    "repr": repr,
    "copy": lambda rows: rows.__getstate__(),
    "iterator": lambda rows: list(rows.iterator()),
    "async iterator": lambda rows: rows.aiterator(),
    "async for": lambda rows: asyncio.run(anext(rows.__aiter__())),  # type: ignore[arg-type] # awaitable is enough
    "get": lambda rows: rows.get(worker_type="a"),
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.last(),
    "latest": lambda rows: rows.latest("pk"),
    "in_bulk": lambda rows: rows.in_bulk([1]),
    "contains": lambda rows: rows.contains(WorkerType(pk=1)),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "aggregate": lambda rows: rows.aggregate(n=Count("pk")),
    "explain": lambda rows: rows.explain(),
    "update": lambda rows: rows.update(keep_errors=False),
    "bulk_update": lambda rows: rows.bulk_update([WorkerType(pk=1)], ["keep_errors"]),
    "delete": lambda rows: rows.delete(),
    "get_or_create": lambda rows: rows.get_or_create(worker_type="a"),
    "update_or_create": lambda rows: rows.update_or_create(worker_type="a"),
    "locked": lambda rows: list(rows.select_for_update()),
    "prefetched": lambda rows: list(rows.prefetch_related("inputs")),
    "union": lambda rows: list(rows.union(rows)),
    "with a Q of a tenant": lambda rows: list(rows.filter(Q(tenant=1) | Q(keep_errors=True))),
    "without a tenant": lambda rows: list(rows.exclude(tenant=1)),
}


@pytest.mark.parametrize("evaluate", _EVALUATIONS.values(), ids=_EVALUATIONS.keys())
def test_it_refuses_to_run(evaluate: Callable[[Rows], object]) -> None:
    with CaptureQueriesContext(connection) as captured, pytest.raises(UnscopedQuery, match="WorkerType"):
        evaluate(_UNSCOPED.all())
    assert not [query for query in captured.captured_queries if "worker_type" in query["sql"]]


@pytest.mark.parametrize("combine", [operator.or_, operator.xor, lambda ours, all_: ours.union(all_)])
def test_it_refuses_to_take_unscoped_rows_in(combine: Callable[[Rows, Rows], Rows]) -> None:
    ours = WorkerType.objects.for_tenant(a_tenant())
    with pytest.raises(UnscopedQuery):
        combine(ours, _UNSCOPED.all())


def _two_tenants() -> tuple[Tenant, Tenant]:
    ours, theirs = a_tenant(name="ours"), a_tenant(name="theirs")
    a_worker_type(ours, worker_type="mine", inputs=["a", "b"])
    a_worker_type(theirs, worker_type="yours", inputs=["a"])
    return ours, theirs


_SCOPES: dict[str, Callable[[Tenant], Rows]] = {
    "for_tenant": WorkerType.objects.for_tenant,
    "for_tenant by key": lambda ours: WorkerType.objects.for_tenant(ours.pk),
    "of_tenants": lambda ours: WorkerType.objects.of_tenants([ours]),
    "of_tenants by key": lambda ours: WorkerType.objects.of_tenants({ours.pk}),
    "filter": lambda ours: WorkerType.objects.filter(tenant=ours, keep_errors=True),
    "filter by key": lambda ours: WorkerType.objects.filter(tenant_id=ours.pk),
    "related": lambda ours: ours.worker_types.all(),
    "scoped late": lambda ours: WorkerType.objects.filter(keep_errors=True).for_tenant(ours).order_by("pk"),
    "either": lambda ours: ours.worker_types.filter(pk=0) | WorkerType.objects.for_tenant(ours),
}


@pytest.mark.parametrize("scope", _SCOPES.values(), ids=_SCOPES.keys())
def test_it_runs_for_a_tenant(scope: Callable[[Tenant], Rows]) -> None:
    ours, _ = _two_tenants()
    assert [row.worker_type for row in scope(ours)] == ["mine"]
    assert scope(ours).count() == 1


def test_it_runs_across_tenants_on_purpose() -> None:
    _two_tenants()
    assert WorkerType.objects.across_tenants(because="a test looks at all of them").count() == 2


def test_it_runs_for_nobody() -> None:
    assert list(_UNSCOPED.none()) == []


def test_it_gets_and_makes_rows_that_name_their_tenant() -> None:
    ours, theirs = _two_tenants()
    assert WorkerType.objects.get(tenant=ours, worker_type="mine").tenant == ours
    _, created = WorkerType.objects.get_or_create(tenant=theirs, worker_type="mine")
    _, changed = WorkerType.objects.update_or_create(
        tenant=theirs, worker_type="yours", defaults={"keep_errors": False}
    )
    assert (created, changed, every(WorkerType).count()) == (True, False, 3)


def test_it_makes_many_rows_that_carry_their_tenant() -> None:
    made = WorkerType.objects.bulk_create([WorkerType(tenant=a_tenant(), worker_type="a")])
    assert [row.tenant.name for row in made] == ["demo"]


def test_it_reads_what_hangs_on_a_row_of_a_tenant() -> None:
    ours, _ = _two_tenants()
    mine = ours.worker_types.get()
    chosen = Prefetch("inputs", InputContentType.objects.filter(content_type="a"))
    assert mine.inputs.count() == 2
    assert [len(row.inputs.all()) for row in ours.worker_types.prefetch_related("inputs")] == [2]
    assert [len(row.inputs.all()) for row in ours.worker_types.prefetch_related(chosen)] == [1]


def test_it_is_a_part_of_another_query() -> None:
    ours, _ = _two_tenants()
    taken = InputContentType.objects.filter(content_type="b").values("worker_type")
    assert [row.worker_type for row in WorkerType.objects.for_tenant(ours).filter(pk__in=taken)] == ["mine"]


def test_it_leaves_to_django_what_is_about_rows_that_are_known() -> None:
    ours, theirs = _two_tenants()
    mine = ours.worker_types.get()
    mine.keep_errors = False
    mine.save()
    mine.refresh_from_db()
    mine.full_clean()
    assert (mine.inputs.order_by("pk")[0].worker_type, mine.keep_errors) == (mine, False)
    theirs.delete()
    mine.delete()
    assert not every(InputContentType).exists()


def test_it_says_what_is_missing() -> None:
    a_workflow(a_tenant())
    with pytest.raises(
        UnscopedQuery, match=r"worker_manager\.Workflow belongs to tenants: say whose .*for_tenant"
    ):
        Workflow.objects.count()
