"""PostgreSQL hides the rows of other tenants by itself, when a query forgets whose it wants."""

from collections.abc import Iterator

import pytest
from django.db import ProgrammingError, connection
from django.db import transaction as django_transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.db import rows
from regards_processing.kernel.db.reads import select
from regards_processing.kernel.db.transactions import transaction
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.services import RS_PROCESSING
from regards_processing.kernel.tenancy.middleware import VisibilityMiddleware
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.visibility import seeing_every_tenant, seeing_nothing, seeing_tenant
from tests.factories.database_roles import connected_as, protected_tables
from tests.factories.rest import caller
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type
from worker_manager.models import WorkerType

pytestmark = pytest.mark.postgres

#: What somebody wrote who forgot the tenant.
_FORGETFUL = "SELECT worker_type FROM workermanager_worker_type ORDER BY worker_type"
_INSERT = (
    "INSERT INTO workermanager_worker_type (tenant_id, worker_type, keep_errors) "
    "VALUES (%s, 'smuggled', true)"
)


@pytest.fixture
def role(transactional_db: None) -> Iterator[str]:  # noqa: ARG001 (other connections must see the rows)
    with protected_tables() as name:
        yield name


class ForgetfulEndpoint(Endpoint):
    """Reads without saying whose rows it wants."""

    roles = {"GET": Role.PROJECT_ADMIN}

    def get(self, _request: Request) -> Response:
        return Response(_seen())


def _seen() -> list[str]:
    return [worker_type for (worker_type,) in select(_FORGETFUL, [])]


def _call(tenant: str, *, role: str = Role.PROJECT_ADMIN) -> HttpResponse:
    view = ForgetfulEndpoint.as_view(service=RS_PROCESSING, route_name="maintenance")
    request = APIRequestFactory().get("/")
    force_authenticate(request, user=caller(role, tenant=tenant))  # type: ignore[arg-type] # not a Django user
    return VisibilityMiddleware(view)(request)


def _two_tenants() -> tuple[Tenant, Tenant]:
    ours, theirs = a_tenant(name="ours"), a_tenant(name="theirs")
    a_worker_type(ours, worker_type="mine", inputs=["a"])
    a_worker_type(theirs, worker_type="yours", inputs=["a"])
    return ours, theirs


def test_it_shows_a_call_the_rows_of_its_tenant_only(role: str) -> None:
    _two_tenants()
    with connected_as(role):
        assert [_call(name).data for name in ("ours", "theirs", "ours")] == [["mine"], ["yours"], ["mine"]]  # type: ignore[attr-defined] # of the framework


def test_it_shows_nothing_before_a_call_is_admitted_and_after_it(role: str) -> None:
    _two_tenants()

    def unguarded(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(_seen()))

    with connected_as(role):
        _call("ours")
        assert VisibilityMiddleware(unguarded)(HttpRequest()).content == b"[]"
        assert _seen() == []


def test_it_shows_nothing_to_a_call_that_is_refused(role: str) -> None:
    a_tenant(name="asleep", active=False)
    with connected_as(role):
        assert (_call("nobody").status_code, _call("asleep").status_code) == (401, 401)


def test_it_shows_every_row_to_those_who_serve_every_tenant(role: str) -> None:
    _two_tenants()
    with connected_as(role), seeing_every_tenant():
        assert _seen() == ["mine", "yours"]


def test_it_shows_every_row_to_staff_in_the_admin(role: str, admin_client: Client) -> None:
    _two_tenants()
    with connected_as(role):
        page = admin_client.get("/admin/worker_manager/workertype/").content.decode()
    assert "mine" in page
    assert "yours" in page


def test_it_takes_no_row_for_another_tenant(role: str) -> None:
    ours, theirs = _two_tenants()
    with connected_as(role), seeing_tenant(ours.pk), connection.cursor() as cursor:
        cursor.execute(_INSERT, [ours.pk])
        with pytest.raises(ProgrammingError, match="row-level security policy"):
            cursor.execute(_INSERT, [theirs.pk])


def test_it_changes_and_deletes_no_row_of_another_tenant(role: str) -> None:
    ours, theirs = _two_tenants()
    with connected_as(role), seeing_tenant(ours.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE workermanager_worker_type SET keep_errors = false")
        assert cursor.rowcount == 1
        with pytest.raises(ProgrammingError, match="row-level security policy"):
            cursor.execute("UPDATE workermanager_worker_type SET tenant_id = %s", [theirs.pk])
        cursor.execute("DELETE FROM workermanager_input_content_type")
        assert cursor.rowcount == 1
    assert dict(every(WorkerType).values_list("worker_type", "keep_errors")) == {"mine": False, "yours": True}


def test_it_writes_in_bulk_where_every_tenant_is_served(role: str) -> None:
    ours, theirs = _two_tenants()
    values = [(tenant.pk, "new", True) for tenant in (ours, theirs)]
    columns = ("tenant", "worker_type", "keep_errors")
    with connected_as(role), seeing_every_tenant():
        assert len(rows.insert_new(model=WorkerType, columns=columns, rows=values, returning=("id",))) == 2
    with connected_as(role), seeing_nothing(), pytest.raises(ProgrammingError, match="row-level security"):
        rows.insert_new(model=WorkerType, columns=columns, rows=values, returning=("id",))


def test_it_holds_on_a_connection_that_was_lost(role: str) -> None:
    ours, _ = _two_tenants()
    with connected_as(role) as connected, seeing_tenant(ours.pk):
        _seen()
        connected.close()
        assert _seen() == ["mine"]


def test_it_holds_inside_a_transaction_and_after_it(role: str) -> None:
    ours, theirs = _two_tenants()
    with connected_as(role):
        with transaction(), seeing_tenant(ours.pk):
            assert _seen() == ["mine"]
        with seeing_tenant(theirs.pk), transaction():
            assert _seen() == ["yours"]
        assert _seen() == []


def test_it_holds_after_a_rollback_which_makes_the_server_forget(role: str) -> None:
    ours, theirs = _two_tenants()
    with connected_as(role), seeing_tenant(ours.pk):
        assert _seen() == ["mine"]
        with seeing_tenant(theirs.pk):
            with transaction():
                assert _seen() == ["yours"]
                django_transaction.set_rollback(True)
            assert _seen() == ["yours"]


def test_it_holds_after_the_rollback_to_a_savepoint(role: str) -> None:
    ours, theirs = _two_tenants()
    with connected_as(role), seeing_tenant(ours.pk), transaction():
        with pytest.raises(ProgrammingError), transaction(), seeing_tenant(theirs.pk):
            select("SELECT nothing FROM nowhere", [])
        assert _seen() == ["mine"]
