"""Orders about executions in the admin: counted first, given once confirmed, by those who may."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.processing.models import Batch, Execution
from regards_processing.processing.services.executions import order_executions
from regards_processing.processing.services.outcomes import apply_responses
from tests.factories.executions import a_batch, a_response, an_execution_order, an_outcome, the_execution
from tests.factories.processing import a_process
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant, later
from tests.fakes.engine import committing

pytestmark = pytest.mark.django_db

_LIST = "/admin/processing/execution/"


@pytest.fixture(autouse=True)
def batch() -> Batch:
    """Open a batch of an execution that failed, and one that goes on."""
    tenant = a_tenant()
    opened = a_batch(tenant, a_process(tenant, "<b>Crop", to_all=True))
    with committing(execute=True):
        order_executions(orders=[an_execution_order(opened, name) for name in ("e-1", "e-2")], at=AT)
        response = a_response(the_execution().pk, content=an_outcome("FAILURE"))
        apply_responses(responses=[response], at=later(5))
    return opened


def _statuses() -> list[str]:
    return sorted(every(Execution).values_list("status", flat=True))


def _ids() -> str:
    return ",".join(str(pk) for pk in every(Execution).values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("order", "after"),
    [("cancel", ["CANCELLED", "FAILURE"]), ("retry", ["FAILURE", "REGISTERED", "REGISTERED"])],
)
def test_it_counts_first_and_reaches_those_only_that_it_can(
    admin_client: Client, order: str, after: list[str]
) -> None:
    before, ids = _statuses(), list(every(Execution).values_list("pk", flat=True))
    asked = admin_client.post(_LIST, {"action": f"{order}_chosen", "_selected_action": ids})
    assert "<strong>1</strong> execution would be touched" in asked.content.decode()
    assert _statuses() == before
    given = admin_client.post(f"{_LIST}{order}/", {"ids": _ids(), "confirmed": "yes"}, follow=True)
    assert f"{order.capitalize()} executions: 1 done; 1 left as they are" in given.content.decode()
    assert _statuses() == after
    assert AuditEntry.objects.get(action__startswith="execution.").origin == "ADMIN"


def test_it_leads_to_the_execution_that_a_retry_makes(admin_client: Client) -> None:
    failed = the_execution()
    page = admin_client.get(f"{_LIST}{failed.pk}/change/").content.decode()
    assert f"{_LIST}retry/?ids={failed.pk}" in page
    assert f"{_LIST}cancel/" not in page
    answer = admin_client.post(f"{_LIST}retry/", {"ids": str(failed.pk), "confirmed": "yes"}, follow=True)
    again = every(Execution).get(retry_of=failed.pk)
    assert answer.redirect_chain[-1][0] == f"{_LIST}{again.pk}/change/"
    assert f'tries again <a href="{_LIST}{failed.pk}/change/"' in answer.content.decode()


def test_it_shows_why_it_waits_and_what_belongs_to_it_as_text(admin_client: Client, batch: Batch) -> None:
    page = admin_client.get(f"{_LIST}{the_execution('e-2').pk}/change/").content.decode()
    shown = [
        "NO_LIVE_WORKER",
        "&lt;b&gt;Crop",
        f"/admin/processing/batch/{batch.pk}/change/",
        "<td>one.raw</td>",
        "expected: ",
    ]
    assert [text for text in shown if text not in page] == []
    assert "<b>Crop" not in page
    assert "/admin/worker_manager/request/" in page


@pytest.mark.parametrize("ids", ["", "x", "1,2", "150cd49b-04d6-4c9a-b1f5-e8a194ac8c63"])
def test_it_says_that_nothing_was_chosen(admin_client: Client, ids: str) -> None:
    answer = admin_client.get(f"{_LIST}cancel/", {"ids": ids}, follow=True)
    assert answer.redirect_chain[-1][0] == _LIST
    assert "Choose " in answer.content.decode()


def test_it_refuses_executions_of_several_tenants_at_once(admin_client: Client) -> None:
    other = a_tenant(name="other")
    with committing(execute=True):
        opened = a_batch(other, a_process(other, to_all=True))
        order_executions(orders=[an_execution_order(opened, "theirs")], at=AT)
    answer = admin_client.post(f"{_LIST}cancel/", {"ids": _ids(), "confirmed": "yes"}, follow=True)
    assert "all of one tenant" in answer.content.decode()
    assert "CANCELLED" not in _statuses()


def test_it_cancels_a_batch_once_that_is_confirmed(admin_client: Client, batch: Batch) -> None:
    address = f"/admin/processing/batch/{batch.pk}/cancel/"
    assert "<strong>1</strong> execution would be touched" in admin_client.get(address).content.decode()
    assert "Batch cancelled: 1 executions ended" in admin_client.post(address, follow=True).content.decode()
    assert _statuses() == ["CANCELLED", "FAILURE"]
    assert admin_client.get(f"/admin/processing/batch/{uuid4()}/cancel/").status_code == 404


@pytest.mark.parametrize(
    ("permission", "codes"),
    [
        ("view_execution", [403, 403, 403]),
        ("change_execution", [302, 403, 403]),
        ("delete_execution", [403, 302, 403]),
        ("delete_batch", [403, 403, 302]),
    ],
)
def test_it_lets_those_order_who_may(client: Client, batch: Batch, permission: str, codes: list[int]) -> None:
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=[permission], content_type__app_label="processing")
    )
    client.force_login(user)
    pages = [f"{_LIST}retry/", f"{_LIST}cancel/", f"/admin/processing/batch/{batch.pk}/cancel/"]
    body = {"ids": str(the_execution().pk), "confirmed": "yes"}
    assert [client.post(page, body).status_code for page in pages] == codes
