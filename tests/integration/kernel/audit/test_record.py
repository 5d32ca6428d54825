"""Actions leave their trace, in the transaction that does them."""

import os
import pwd

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from regards_processing.kernel import correlation
from regards_processing.kernel.audit.actors import admin_actor, command_actor
from regards_processing.kernel.audit.models import AuditEntry, Origin
from regards_processing.kernel.audit.services import Actor, Deed, record, record_all
from regards_processing.kernel.db.transactions import transaction
from tests.factories.audit import ADA, NOON

pytestmark = pytest.mark.django_db


class _Abandoned(Exception):
    pass


@transaction
def _act_and_fail() -> None:
    record(actor=ADA, tenant=None, action="settings.updated", target="x", at=NOON)
    raise _Abandoned


def test_it_keeps_who_did_what() -> None:
    with correlation.correlated("c-1"):
        record(actor=ADA, tenant="demo", action="settings.updated", target="x", details={"n": 1}, at=NOON)
    assert AuditEntry.objects.values().get() | {"id": 0} == {
        "id": 0,
        "at": NOON,
        "tenant": "demo",
        "actor": "ada",
        "origin": "REST",
        "action": "settings.updated",
        "target": "x",
        "details": {"n": 1},
        "correlation_id": "c-1",
    }


def test_it_leaves_no_trace_of_what_is_rolled_back() -> None:
    with pytest.raises(_Abandoned):
        _act_and_fail()
    assert not AuditEntry.objects.exists()


def test_it_keeps_one_entry_for_each_thing() -> None:
    deeds = [Deed(target="r-1", details={"n": 1}), Deed(target="r-2")]
    record_all(actor=ADA, tenant=None, action="request.deleted", deeds=deeds, at=NOON)
    found = AuditEntry.objects.order_by("pk").values_list("target", "details", "tenant")
    assert list(found) == [("r-1", {"n": 1}, None), ("r-2", {}, None)]


def test_it_keeps_the_begin_of_endless_details() -> None:
    for length in (65_536 - len('{"n": ""}'), 65_536):
        record(actor=ADA, tenant=None, action="a.b", target="x", details={"n": "x" * length}, at=NOON)
    whole, cut = AuditEntry.objects.order_by("pk").values_list("details", flat=True)
    assert list(whole) == ["n"]
    assert (list(cut), len(cut["cut"]), cut["cut"][:7]) == (["cut"], 65_536, '{"n": "')


def test_it_stores_what_no_database_takes_as_it_is() -> None:
    hostile = "\x00\ud800" + "x" * 300
    actor = Actor(name=hostile, origin=Origin.REST)
    record(actor=actor, tenant=hostile, action="a.b", target=hostile, details={hostile: hostile}, at=NOON)
    assert AuditEntry.objects.get().target == ("\ufffd?" + "x" * 253)


def test_it_names_the_user_of_the_operating_system() -> None:
    name = pwd.getpwuid(os.geteuid()).pw_name
    assert command_actor() == Actor(name=name, origin=Origin.COMMAND)


def test_it_names_who_is_logged_in() -> None:
    request = RequestFactory().get("/")
    request.user = User(username="grace")
    assert admin_actor(request) == Actor(name="grace", origin=Origin.ADMIN)
