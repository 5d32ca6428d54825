"""Many rows with one statement, on both databases."""

from datetime import datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.db import rows
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later, live_workers
from worker_manager.models import Request, WorkerInstance

pytestmark = pytest.mark.django_db

_COLUMNS = (
    *("tenant", "request_id", "creation_date", "content_type", "source", "session", "status"),
    *("plan", "original_content", "digest", "moved_at", "due_at", "dispatched_to_celery"),
    *("step_number", "attempt", "lost_attempts"),
)
_KEY = ("worker_type", "worker_id")
_BEAT = ("beaten_at", "first_beaten_at", "protocol")


def _row(tenant: Tenant, request_id: str, **values: Any) -> list[Any]:
    row = dict.fromkeys(_COLUMNS, "x") | {
        "tenant": tenant.pk,
        "request_id": request_id,
        "creation_date": AT,
        "status": "DISPATCHED",
        "plan": None,
        "original_content": b"\x00\xff\\'",
        "digest": b"d" * 32,
        "moved_at": AT,
        "due_at": None,
        "dispatched_to_celery": True,
        "step_number": 0,
        "attempt": 0,
        "lost_attempts": 0,
    }
    return list((row | values).values())


def _insert(*values: list[Any]) -> list[rows.Row]:
    return rows.insert_new(model=Request, columns=_COLUMNS, rows=values, returning=("request_id", "id"))


def test_it_stores_every_kind_of_value_as_it_is() -> None:
    plan = {"steps": [[1, "a\"'\\"]], "none": None}
    _insert(_row(a_tenant(), "r-1", plan=plan, due_at=later(0.000001), source="it's 100% \\ {} ☃"))
    stored = every(Request).get()
    assert (stored.plan, stored.due_at, stored.source) == (plan, later(0.000001), "it's 100% \\ {} ☃")
    assert (bytes(stored.original_content), stored.dispatched_to_celery) == (b"\x00\xff\\'", True)
    assert stored.content is None


def test_it_tells_apart_what_python_takes_for_equal() -> None:
    tenant = a_tenant()
    plans: list[dict[str, Any]] = [{"a": 1}, {"a": True}, {"a": 1.0}]
    _insert(*(_row(tenant, f"r-{number}", plan=plan) for number, plan in enumerate(plans)))
    stored = every(Request).order_by("pk").values_list("plan", flat=True)
    assert [str(plan and plan["a"]) for plan in stored] == ["1", "True", "1.0"]


def test_it_tells_no_value_from_a_json_null() -> None:
    _insert(_row(a_tenant(), "r-1"))
    assert every(Request).filter(plan__isnull=True).count() == 1


def test_it_returns_what_was_inserted_and_passes_over_the_rest() -> None:
    tenant = a_tenant()
    ((name, pk),) = _insert(_row(tenant, "r-1", source="first"))
    assert (name, pk) == ("r-1", every(Request).get().pk)
    again = _insert(_row(tenant, "r-1", source="second"), _row(tenant, "r-2"), _row(tenant, "r-2"))
    assert [request_id for request_id, _ in again] == ["r-2"]
    assert every(Request).get(request_id="r-1").source == "first"


@pytest.mark.parametrize("count", [1, 1000])
def test_it_inserts_a_bulk_with_one_statement(count: int) -> None:
    tenant = a_tenant()
    values = [_row(tenant, f"r-{number}") for number in range(count)]
    with CaptureQueriesContext(connection) as captured:
        assert len(_insert(*values)) == count
    assert len(captured) == 1


def test_it_inserts_more_rows_than_one_statement_may_have() -> None:
    tenant = a_tenant()
    assert len(_insert(*(_row(tenant, f"r-{number}") for number in range(2500)))) == 2500


def test_it_sends_nothing_when_there_is_nothing_to_write() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert _insert() == []
        rows.update(model=Request, columns=("error",), rows=[])
        rows.upsert(model=WorkerInstance, key=_KEY, columns=_BEAT, rows=[])
    assert len(captured) == 0


@pytest.mark.postgres
def test_it_refuses_a_text_that_is_too_long_for_its_column() -> None:
    tenant = a_tenant()
    with pytest.raises(DataError), transaction.atomic():
        _insert(_row(tenant, "x" * 256))


def test_it_refuses_a_status_that_does_not_exist() -> None:
    tenant = a_tenant()
    with pytest.raises(IntegrityError, match="ck_request_status"), transaction.atomic():
        _insert(_row(tenant, "r-1", status="LOST"))


def test_it_updates_each_row_with_its_own_values() -> None:
    tenant = a_tenant()
    inserted = {row[0]: row[1] for row in _insert(*(_row(tenant, f"r-{number}") for number in range(3)))}
    given = [[inserted["r-0"], "zero", {"h": "0"}, None], [inserted["r-2"], None, None, b"\x00\xff"]]
    rows.update(model=Request, columns=("error", "headers", "content"), rows=given)
    found = {row.request_id: (row.error, row.headers, row.content) for row in every(Request)}
    assert found["r-0"] == ("zero", {"h": "0"}, None)
    assert found["r-1"] == (None, None, None)
    assert (found["r-2"][:2], bytes(found["r-2"][2] or b"")) == ((None, None), b"\x00\xff")


def test_it_updates_only_rows_that_exist() -> None:
    ((_, pk),) = _insert(_row(a_tenant(), "r-1"))
    rows.update(model=Request, columns=("attempt",), rows=[[pk, 5], [pk + 1, 6]])
    assert every(Request).get().attempt == 5


def test_it_overwrites_the_row_with_the_same_key_but_for_what_is_kept() -> None:
    def beat(seconds: float, protocol: str) -> None:
        values = [("unzip", "w-1", later(seconds), later(seconds), protocol)]
        rows.upsert(model=WorkerInstance, key=_KEY, columns=_BEAT, rows=values, kept=("first_beaten_at",))

    beat(0, "raw")
    beat(15, "celery")
    stored = WorkerInstance.objects.get()
    assert (stored.beaten_at, stored.first_beaten_at, stored.protocol) == (later(15), AT, "celery")


@pytest.mark.parametrize(
    ("before", "beaten_at", "kept"),
    [(AT, 10.000001, AT), (AT, 10, later(15)), (None, 10.000001, later(15)), (None, 10, later(15))],
)
def test_it_keeps_a_column_while_another_one_was_above_a_bound(
    before: datetime | None, beaten_at: float, kept: datetime
) -> None:
    live_workers("unzip", worker_id="w-1", at=later(beaten_at))
    WorkerInstance.objects.update(heard_since=before)
    rows.upsert(
        model=WorkerInstance,
        key=_KEY,
        columns=(*_BEAT, "heard_since"),
        rows=[("unzip", "w-1", later(15), AT, "raw", later(15))],
        kept_while={"heard_since": ("beaten_at", later(10))},
    )
    stored = WorkerInstance.objects.get()
    assert (stored.beaten_at, stored.heard_since) == (later(15), kept)
