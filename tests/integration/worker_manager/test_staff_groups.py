"""Groups of staff: made once, completed later, and enough for what they are called."""

import io

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.services.staff_groups import UnknownPermission, grant_to_groups
from tests.factories.audit import ADA, NOON
from tests.factories.worker_manager import a_tenant, a_worker_type

pytestmark = pytest.mark.django_db


def _run() -> list[str]:
    printed = io.StringIO()
    call_command("staff_groups", stdout=printed)
    return printed.getvalue().splitlines()


def _member(client: Client, group: str) -> None:
    user = User.objects.create_user("ada", is_staff=True)
    user.groups.set(Group.objects.filter(name=group))
    client.force_login(user)


def test_it_makes_the_groups_once() -> None:
    assert [line.partition(":")[0] for line in _run()] == ["operator", "configurator"]
    assert _run() == ["operator: 0 permissions added", "configurator: 0 permissions added"]


def test_it_adds_what_is_missing_and_takes_nothing_away() -> None:
    _run()
    group = Group.objects.get(name="operator")
    group.permissions.remove(Permission.objects.get(codename="delete_request"))
    group.permissions.add(Permission.objects.get(codename="add_tenant"))
    assert _run()[0] == "operator: 1 permissions added"
    codenames = set(group.permissions.values_list("codename", flat=True))
    assert {"delete_request", "add_tenant"} <= codenames


def test_it_writes_the_audit_trail() -> None:
    _run()
    entry = AuditEntry.objects.get(action="group.granted", target="operator")
    assert entry.origin == "COMMAND"
    assert "worker_manager.change_request" in entry.details["granted"]


def test_it_refuses_a_permission_that_does_not_exist() -> None:
    groups = {"operator": ["worker_manager.fly_request"]}
    with pytest.raises(UnknownPermission, match=r"no permission worker_manager\.fly_request"):
        grant_to_groups(groups=groups, viewed=[], actor=ADA, at=NOON)
    assert not Group.objects.exists()


@pytest.mark.parametrize(("group", "retry", "add"), [("operator", 200, 403), ("configurator", 403, 200)])
def test_it_lets_members_do_their_work_and_no_other(client: Client, group: str, retry: int, add: int) -> None:
    _run()
    _member(client, group)
    worker = a_worker_type(a_tenant())
    pages = ["request/retry/", "workertype/add/", f"workertype/{worker.pk}/change/"]
    codes = [client.get(f"/admin/worker_manager/{page}").status_code for page in pages]
    assert codes == [retry, add, 200]
    assert client.get("/admin/worker_manager/pause/").status_code == 200
    assert client.get("/admin/worker_manager/pause/add/").status_code == retry
    assert client.get("/admin/processing/process/add/").status_code == add
    assert client.get("/admin/processing/execution/cancel/", follow=True).status_code == retry
    assert client.get("/admin/auth/user/").status_code == 403
