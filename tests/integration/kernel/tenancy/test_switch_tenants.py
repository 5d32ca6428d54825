"""Tenants are put to sleep and woken, and their maintenance begins and ends."""

from io import StringIO
from typing import Protocol

import pytest
from django.core.management import CommandError, call_command

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy import queries, services
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.queries import UnknownTenant
from tests.factories.audit import ADA
from tests.factories.worker_manager import AT, a_tenant, later

pytestmark = pytest.mark.django_db


class Switch(Protocol):
    __name__: str

    def __call__(self, **arguments: object) -> list[str]: ...


_SWITCHES = pytest.mark.parametrize(
    "switch",
    [services.activate, services.deactivate, services.enable_maintenance, services.disable_maintenance],
    ids=lambda switch: switch.__name__,
)


def _states() -> dict[str, tuple[bool, bool]]:
    return {tenant.name: (tenant.active, tenant.maintenance) for tenant in queries.every_tenant()}


def test_it_puts_tenants_to_sleep_and_wakes_them() -> None:
    a_tenant(name="a"), a_tenant(name="b"), a_tenant(name="c")
    assert services.deactivate(tenants=["b", "a"], actor=ADA, at=AT) == ["a", "b"]
    assert _states() == {"a": (False, False), "b": (False, False), "c": (True, False)}
    assert services.activate(tenants=["a", "c"], actor=ADA, at=AT) == ["a"]
    assert _states() == {"a": (True, False), "b": (False, False), "c": (True, False)}


def test_it_begins_and_ends_maintenance() -> None:
    a_tenant(name="a"), a_tenant(name="b")
    assert services.enable_maintenance(tenants=["a"], actor=ADA, at=later(1)) == ["a"]
    assert (queries.tenants_in_maintenance(), _since("a")) == (["a"], later(1))
    assert services.disable_maintenance(tenants=["a", "b"], actor=ADA, at=later(2)) == ["a"]
    assert (queries.tenants_in_maintenance(), _since("a"), _since("b")) == ([], later(2), AT)


def test_it_keeps_the_time_of_the_first_of_two_switches() -> None:
    a_tenant(name="a")
    services.enable_maintenance(tenants=["a"], actor=ADA, at=later(1))
    assert services.enable_maintenance(tenants=["a"], actor=ADA, at=later(2)) == []
    assert _since("a") == later(1)


def _since(name: str) -> object:
    return Tenant.objects.get(name=name).maintenance_since


@_SWITCHES
def test_it_changes_nothing_when_one_tenant_is_unknown(switch: Switch) -> None:
    a_tenant(name="awake"), a_tenant(name="asleep", active=False)
    services.enable_maintenance(tenants=["asleep"], actor=ADA, at=AT)
    before = _states()
    with pytest.raises(UnknownTenant, match="no tenant nobody"):
        switch(tenants=["awake", "asleep", "nobody"], actor=ADA, at=AT)
    assert _states() == before


@_SWITCHES
def test_it_records_what_changed_and_nothing_else(switch: Switch) -> None:
    a_tenant(name="awake"), a_tenant(name="asleep", active=False)
    Tenant.objects.filter(name="asleep").update(maintenance=True)
    changed = switch(tenants=["awake", "asleep"], actor=ADA, at=AT)
    recorded = list(AuditEntry.objects.values_list("tenant", "actor", "at"))
    assert (len(changed), recorded) == (1, [(changed[0], "ada", AT)])


def test_it_lists_the_tenants_on_the_command_line() -> None:
    a_tenant(name="b", active=False), a_tenant(name="a")
    services.enable_maintenance(tenants=["b"], actor=ADA, at=AT)
    assert _printed("tenants") == [
        "a: active",
        "b: inactive, in maintenance since 2025-06-01T12:00:00+00:00",
    ]
    assert _printed("tenants", "a") == ["a: active"]


def test_it_switches_on_the_command_line() -> None:
    a_tenant(name="a"), a_tenant(name="b")
    assert _printed("tenants", "a", "--deactivate") == ["a: inactive"]
    assert _printed("tenants", "--activate", "a", "b") == ["a: active", "b: active"]
    assert _printed("tenants", "--maintenance", "on", "b")[0].startswith("b: active, in maintenance since 2")
    assert _printed("tenants", "--maintenance", "off", "b") == ["b: active"]
    assert AuditEntry.objects.filter(origin="COMMAND").count() == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody"], "no tenant nobody"),
        (["--deactivate", "nobody"], "no tenant nobody"),
        (["--deactivate"], "Name the tenants to switch"),
        (["--maintenance", "maybe", "a"], "invalid choice"),
    ],
)
def test_it_refuses_on_the_command_line(arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("tenants", *arguments)


def _printed(*arguments: str) -> list[str]:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().splitlines()
