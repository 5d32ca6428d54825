"""Worker types in the admin: stored, refused and recorded as over REST."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, a_workflow
from worker_manager.models import InputContentType, WorkerType
from worker_manager.services.worker_types import stored_worker_types

pytestmark = pytest.mark.django_db

_LIST = "/admin/worker_manager/workertype/"


def _filled(tenant: Tenant, /, **changed: Any) -> dict[str, Any]:
    usual = {
        "tenant": tenant.pk,
        "workerType": "unzip-worker",
        "contentTypeInputs": "unzip\r\n tar \r\n\r\n",
        "contentTypeOutput": "tree",
        "keepErrors": "on",
    }
    return usual | changed


def _change(client: Client, worker: WorkerType, **changed: Any) -> str:
    """Open the page of a worker type, and send it back with some fields changed."""
    address = f"{_LIST}{worker.pk}/change/"
    seen = client.get(address).context["form"].initial["seen"]
    filled = {"seen": seen, "contentTypeInputs": "unzip", "contentTypeOutput": "tree", "keepErrors": "on"}
    return client.post(address, filled | changed, follow=True).content.decode()


def _staff(client: Client, *permissions: str) -> None:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)


def test_it_stores_a_new_one(admin_client: Client) -> None:
    tenant = a_tenant()
    page = admin_client.post(f"{_LIST}add/", _filled(tenant), follow=True)
    assert page.redirect_chain == [(_LIST, 302)]
    assert "Stored: worker type unzip-worker" in page.content.decode()
    (worker,) = stored_worker_types(tenant=tenant)
    assert (worker.inputs, worker.output, worker.keep_errors) == (("tar", "unzip"), "tree", True)


def test_it_goes_on_with_the_new_one(admin_client: Client) -> None:
    page = admin_client.post(f"{_LIST}add/", _filled(a_tenant(), _continue="yes"), follow=True)
    assert page.redirect_chain == [(f"{_LIST}{every(WorkerType).get().pk}/change/", 302)]
    assert page.context["form"]["contentTypeInputs"].value() == "tar\nunzip"


def test_it_shows_and_changes_one(admin_client: Client) -> None:
    tenant = a_tenant()
    worker = a_worker_type(tenant)
    _change(admin_client, worker, contentTypeInputs="tar", contentTypeOutput="", keepErrors="")
    (changed,) = stored_worker_types(tenant=tenant)
    assert (changed.worker_type, changed.inputs) == ("unzip-worker", ("tar",))
    assert (changed.output, changed.keep_errors) == (None, False)


def test_it_stores_and_shows_a_policy(admin_client: Client) -> None:
    tenant = a_tenant()
    policy = {"policy.maxAttempts": "3", "policy.retryOn": ["ERROR", "LOST"], "policy.backoff.delay": "1.5"}
    admin_client.post(f"{_LIST}add/", _filled(tenant, **policy))
    worker = every(WorkerType).get()
    assert worker.policy == {"maxAttempts": 3, "retryOn": ["ERROR", "LOST"], "backoff": {"delay": 1.5}}
    shown = admin_client.get(f"{_LIST}{worker.pk}/change/").context["form"].initial
    assert (shown["policy.maxAttempts"], shown["policy.backoff.kind"]) == (3, "exponential")


@pytest.mark.parametrize(
    ("ticked", "stored"),
    [
        ([], None),
        (["none of these"], {"retryOn": []}),
        (["LOST"], {"retryOn": ["LOST"]}),
    ],
)
def test_it_stores_what_was_ticked_before_something_else_was_corrected(
    admin_client: Client, ticked: list[str], stored: object
) -> None:
    filled = _filled(a_tenant(), **{"policy.retryOn": ticked})
    page = admin_client.post(f"{_LIST}add/", filled | {"maxInFlight": "-3"})
    shown = page.context["form"]["policy.retryOn"]
    again = [box.data["value"] for box in shown if box.data["selected"]]
    admin_client.post(f"{_LIST}add/", filled | {"maxInFlight": "3", "policy.retryOn": again})
    assert (again, every(WorkerType).get().policy) == (ticked, stored)


def test_it_shows_that_nothing_is_tried_again(client: Client) -> None:
    tenant = a_tenant()
    worker = a_worker_type(tenant, policy={"retryOn": []})
    _staff(client, "view_workertype")
    shown = client.get(f"{_LIST}{worker.pk}/change/").context["form"]["policy.retryOn"]
    assert [box.data["value"] for box in shown if box.data["selected"]] == ["none of these"]


def test_it_changes_neither_name_nor_tenant(admin_client: Client) -> None:
    tenant, other = a_tenant(), a_tenant(name="other")
    _change(admin_client, a_worker_type(tenant), workerType="another", tenant=other.pk)
    assert [row.worker_type for row in every(WorkerType).filter(tenant=tenant)] == ["unzip-worker"]


def test_it_overwrites_nothing_unseen(admin_client: Client) -> None:
    worker = a_worker_type(a_tenant())
    page = _change(admin_client, worker, seen="0" * 64, contentTypeInputs="tar")
    assert "Somebody else has changed it since you opened this page" in page
    assert [entry.content_type for entry in every(InputContentType)] == ["unzip"]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("workerType", "", "This field is required"),
        ("workerType", "x" * 129, "workerType is limited to 128 characters"),
        ("workerType", "Taken", "differs only by case from [taken]"),
        ("workerType", "taken", "There is a worker type taken already"),
        ("contentTypeInputs", " \n ", "This field is required"),
        ("contentTypeInputs", "unzip\n" + "x" * 256, "contentTypeInputs[1]"),
        ("contentTypeInputs", "unzip\nmine", "already used by [taken]"),
        ("contentTypeInputs", "secret", "already used inside the skipContentTypes setting"),
        ("contentTypeInputs", "ingest", "which are workflow types"),
        ("contentTypeOutput", "x" * 256, "contentTypeOutput is limited to 255 characters"),
        ("maxInFlight", "0", "a whole number from 1"),
        ("policy.maxAttempts", "0", "a whole number from 1 to 1000"),
        ("policy.backoff.jitter", "2", "a number from 0 to 1"),
        ("policy.retryOn", "NONSENSE", "Select a valid choice"),
        ("tenant", "0", "Select a valid choice"),
    ],
)
def test_it_says_at_the_right_field_what_is_wrong(
    admin_client: Client, field: str, value: str, told: str
) -> None:
    tenant = a_tenant(skipped=["secret"])
    a_worker_type(tenant, worker_type="taken", inputs=["mine"])
    a_workflow(tenant)
    page = admin_client.post(f"{_LIST}add/", _filled(tenant, **{field: value}))
    errors = page.context["form"].errors
    assert set(errors) == {field}
    assert told in errors[field][0]
    assert every(WorkerType).count() == 1


def test_it_says_everything_that_is_wrong_at_once_in_words_of_people(admin_client: Client) -> None:
    tenant = a_tenant()
    a_worker_type(tenant, worker_type="taken", inputs=["mine"])
    wrong = {"workerType": "taken", "maxInFlight": "-3", "policy.maxAttempts": "0"}
    errors = admin_client.post(f"{_LIST}add/", _filled(tenant, **wrong)).context["form"].errors
    assert set(errors) == set(wrong)
    assert (
        "Allowed: a workerType that is new, or a change of the one that is there." in errors["workerType"][0]
    )
    assert [(worker.worker_type, worker.inputs) for worker in stored_worker_types(tenant=tenant)] == [
        ("taken", ("mine",))
    ]


def test_it_writes_the_audit_trail(admin_client: Client) -> None:
    tenant = a_tenant()
    admin_client.post(f"{_LIST}add/", _filled(tenant))
    worker = every(WorkerType).get()
    _change(admin_client, worker, contentTypeInputs="tar")
    admin_client.post(f"{_LIST}{worker.pk}/delete/", {"post": "yes"})
    entries = AuditEntry.objects.filter(target="unzip-worker", tenant="demo").order_by("pk")
    assert [(entry.action, entry.actor, entry.origin) for entry in entries] == [
        (f"worker_types.{verb}", "admin", "ADMIN") for verb in ("created", "updated", "deleted")
    ]


def test_it_deletes_one_that_nothing_needs(admin_client: Client) -> None:
    worker = a_worker_type(a_tenant())
    page = admin_client.post(f"{_LIST}{worker.pk}/delete/", {"post": "yes"}, follow=True)
    assert (every(WorkerType).count(), "was deleted successfully" in page.content.decode()) == (0, True)


def test_it_keeps_one_that_a_workflow_needs(admin_client: Client) -> None:
    tenant = a_tenant()
    worker = a_worker_type(tenant)
    a_workflow(tenant)
    page = admin_client.post(f"{_LIST}{worker.pk}/delete/", {"post": "yes"}, follow=True).content.decode()
    assert "The worker type unzip-worker is needed by: workflow ingest" in page
    assert every(WorkerType).count() == 1


def test_it_says_that_one_is_gone(admin_client: Client) -> None:
    page = admin_client.get(f"{_LIST}17/change/", follow=True)
    assert "There is no worker type 17" in page.content.decode()


def test_it_asks_for_each_permission(client: Client) -> None:
    tenant = a_tenant()
    address = f"{_LIST}{a_worker_type(tenant).pk}/"
    _staff(client, "view_workertype")
    page = client.get(f"{address}change/").content.decode()
    assert ('name="_save"' in page, "deletelink" in page, page.count("disabled") >= 4) == (False, False, True)
    refused = [
        client.post(f"{address}change/", _filled(tenant)),
        client.post(f"{address}delete/", {"post": "yes"}),
        client.post(f"{_LIST}add/", _filled(tenant)),
        client.get(f"{_LIST}add/"),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4
    assert every(WorkerType).count() == 1


def test_it_shows_nothing_to_staff_without_permission(client: Client) -> None:
    worker = a_worker_type(a_tenant())
    _staff(client)
    assert client.get(f"{_LIST}{worker.pk}/change/").status_code == 403
