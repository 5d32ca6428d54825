"""What is changed on the stock pages of the admin lands in the audit trail."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import IntegrityError, connection
from django.test import Client

from regards_processing.kernel.audit.models import AuditEntry
from tests.factories.access import a_membership
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_PASSWORD = "correct horse battery"
_USERS = "/admin/auth/user/"
_GROUPS = "/admin/auth/group/"


def _trail() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("actor", "action", "target"))


def _details() -> Any:
    return AuditEntry.objects.latest("pk").details


def test_it_records_a_new_user_without_the_password(admin_client: Client) -> None:
    form = {"username": "grace", "password1": _PASSWORD, "password2": _PASSWORD, "usable_password": "true"}
    assert admin_client.post(f"{_USERS}add/", form).status_code == 302
    assert _trail() == [("admin", "user.created", "grace")]
    assert _PASSWORD not in str(_details())


def test_it_records_what_a_user_may_do_from_now_on(admin_client: Client) -> None:
    user, group = User.objects.create_user("grace"), Group.objects.create(name="operators")
    form = {
        "username": "grace",
        "is_active": "on",
        "is_superuser": "on",
        "groups": [group.pk],
        "date_joined_0": "2026-06-01",
        "date_joined_1": "12:00:00",
    }
    answer = admin_client.post(f"{_USERS}{user.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    assert _trail() == [("admin", "user.updated", "grace")]
    assert _details()["values"] == {
        "email": "",
        "is_active": True,
        "is_staff": False,
        "is_superuser": True,
        "groups": ["operators"],
        "user_permissions": [],
    }
    (change,) = _details()["changes"]
    assert {"Superuser status", "Groups"} <= set(change["changed"]["fields"])


def test_it_records_a_new_password_for_somebody_else(admin_client: Client) -> None:
    user = User.objects.create_user("grace")
    form = {"password1": _PASSWORD, "password2": _PASSWORD, "usable_password": "true", "set-password": "1"}
    assert admin_client.post(f"{_USERS}{user.pk}/password/", form).status_code == 302
    assert _trail() == [("admin", "user.updated", "grace")]
    assert _PASSWORD not in str(_details())


def test_it_records_the_rights_of_a_group(admin_client: Client) -> None:
    right = Permission.objects.get(codename="view_auditentry")
    admin_client.post(f"{_GROUPS}add/", {"name": "auditors", "permissions": [right.pk]})
    assert _trail() == [("admin", "group.created", "auditors")]
    assert _details()["values"] == {"permissions": [str(right)]}


def test_it_records_a_deletion(admin_client: Client) -> None:
    user = User.objects.create_user("grace")
    admin_client.post(f"{_USERS}{user.pk}/delete/", {"post": "yes"})
    assert _trail() == [("admin", "user.deleted", "grace")]
    assert _details()["id"] == str(user.pk)


def _delete_one(admin_client: Client, user: User) -> None:
    admin_client.post(f"{_USERS}{user.pk}/delete/", {"post": "yes"})


def _delete_chosen(admin_client: Client, user: User) -> None:
    form = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    admin_client.post(_USERS, form)


@pytest.mark.parametrize("delete", [_delete_one, _delete_chosen])
def test_it_records_in_each_tenant_that_a_user_is_gone(
    admin_client: Client, delete: Callable[[Client, User], None]
) -> None:
    user = User.objects.create_user("grace")
    for tenant in ("aaa", "bbb"):
        a_membership(user, a_tenant(name=tenant), role="PROJECT_ADMIN")
    delete(admin_client, user)
    gone = AuditEntry.objects.filter(action="membership.deleted").order_by("tenant")
    facts = {"user": "grace", "role": "PROJECT_ADMIN"}
    assert list(gone.values_list("tenant", "actor", "details")) == [
        ("aaa", "admin", facts),
        ("bbb", "admin", facts),
    ]
    assert AuditEntry.objects.filter(action="user.deleted", target="grace").count() == 1
    assert not User.objects.filter(username="grace").exists()


def test_it_records_deletions_of_a_selection(admin_client: Client) -> None:
    keys = [Group.objects.create(name=name).pk for name in ("a", "b")]
    form = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    admin_client.post(_GROUPS, form)
    assert sorted(_trail()) == [("admin", "group.deleted", "a"), ("admin", "group.deleted", "b")]


def test_it_leaves_no_trace_of_a_deletion_that_fails(admin_client: Client) -> None:
    group = Group.objects.create(name="kept")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE test_guard (group_id integer NOT NULL REFERENCES auth_group (id))")
        cursor.execute("INSERT INTO test_guard (group_id) VALUES (%s)", [group.pk])
    with pytest.raises(IntegrityError):
        admin_client.post(
            _GROUPS, {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
        )
    assert _trail() == []


def test_it_records_who_logs_in_and_out(client: Client) -> None:
    User.objects.create_superuser("grace", password=_PASSWORD)
    client.post("/admin/login/", {"username": "grace", "password": "wrong"})
    client.get("/admin/login/")
    assert _trail() == []
    client.post("/admin/login/", {"username": "grace", "password": _PASSWORD})
    client.get("/admin/login/")
    client.post("/admin/logout/")
    client.post("/admin/logout/")
    assert _trail() == [("grace", "session.opened", "grace"), ("grace", "session.closed", "grace")]


def test_it_records_a_change_of_ones_own_password(client: Client) -> None:
    user = User.objects.create_superuser("grace", password="old")
    client.force_login(user)
    form = {"old_password": "old", "new_password1": _PASSWORD, "new_password2": _PASSWORD}
    client.post("/admin/password_change/", form | {"old_password": "wrong"})
    assert _trail() == []
    client.post("/admin/password_change/", form)
    assert _trail() == [("grace", "password.changed", "grace")]
