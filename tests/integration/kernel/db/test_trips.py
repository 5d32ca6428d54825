"""Writes that nobody waits for travel with the next statement, in their order, and none is lost."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from regards_processing.kernel.db import prepared, rows
from regards_processing.kernel.db.reads import select
from regards_processing.kernel.db.transactions import TransactionRequired
from regards_processing.kernel.db.trips import in_one_trip
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.worker_manager import AT

pytestmark = pytest.mark.django_db

_COLUMNS = ("name", "active", "created_at")
_COUNT = "SELECT COUNT(*) FROM regards_tenant WHERE name LIKE 't-%%' AND active = %s"


def _insert(*names: str) -> None:
    rows.insert(model=Tenant, columns=_COLUMNS, rows=[(name, True, AT) for name in names])


def _stored() -> set[str]:
    return set(Tenant.objects.filter(name__startswith="t-").values_list("name", flat=True))


@pytest.mark.postgres
def test_it_sends_writes_with_the_statement_that_gives_something_back() -> None:
    with CaptureQueriesContext(connection) as captured, in_one_trip():
        _insert("t-1")
        _insert("t-2", "t-3")
        row = ("t-4", True, AT)
        ((name,),) = rows.insert_new(model=Tenant, columns=_COLUMNS, rows=[row], returning=("name",))
    assert name == "t-4"
    assert len(captured) == 1
    assert _stored() == {"t-1", "t-2", "t-3", "t-4"}


def test_it_sends_at_the_end_what_is_left() -> None:
    with in_one_trip():
        _insert("t-1")
        (pk,) = Tenant.objects.filter(name="t-1").values_list("pk", flat=True)
        rows.update(model=Tenant, columns=("active",), rows=[(pk, False)])
        _insert("t-2")
        rows.delete(model=Tenant, keys=[pk])
    assert _stored() == {"t-2"}


def test_it_sends_writes_before_any_other_statement() -> None:
    with in_one_trip():
        _insert("t-1")
        assert _stored() == {"t-1"}
        _insert("t-2")
        assert select(_COUNT, [True]) == [(2,)]
        with transaction.atomic():
            _insert("t-3")
            transaction.set_rollback(True)
    assert _stored() == {"t-1", "t-2"}


@pytest.mark.postgres
def test_it_sends_prepared_statements_together(settings: Settings) -> None:
    settings.PREPARED_STATEMENTS = True
    prepared.sessions.clear()
    for number in range(12):
        with CaptureQueriesContext(connection) as captured, in_one_trip():
            _insert(f"t-{number}")
            assert select(_COUNT, [True]) == [(number + 1,)]
    (query,) = captured.captured_queries
    assert query["sql"].count("EXECUTE regards_") == 2


def _store_one_that_cannot_be() -> None:
    with transaction.atomic(), in_one_trip():
        rows.insert(model=Tenant, columns=("name", "created_at"), rows=[("t-1", None)])
        _insert("t-2")


def _store_and_fail() -> None:
    with transaction.atomic(), in_one_trip():
        _insert("t-1")
        raise DatabaseError("of the block")


def test_it_raises_what_a_kept_write_meets() -> None:
    with pytest.raises(IntegrityError):
        _store_one_that_cannot_be()
    assert _stored() == set()


def test_it_drops_what_is_kept_when_the_block_fails() -> None:
    with pytest.raises(DatabaseError, match="of the block"):
        _store_and_fail()
    assert _stored() == set()


@pytest.mark.django_db(transaction=True)
def test_it_wants_a_transaction() -> None:
    with pytest.raises(TransactionRequired), in_one_trip():
        _insert("t-1")
    assert _stored() == set()
