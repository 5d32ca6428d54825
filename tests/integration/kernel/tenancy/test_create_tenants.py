"""Tenants are created once."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.names import InvalidTenantName
from regards_processing.kernel.tenancy.services import create_tenants
from tests.factories.audit import ADA
from tests.factories.worker_manager import AT, later

pytestmark = pytest.mark.django_db


def test_it_creates_those_that_are_missing() -> None:
    assert create_tenants(names=["b", "a"], actor=ADA, at=AT) == ["b", "a"]
    assert create_tenants(names=["b", "c", "c"], actor=ADA, at=later(1)) == ["c"]
    assert dict(Tenant.objects.values_list("name", "created_at")) == {"a": AT, "b": AT, "c": later(1)}


def test_it_creates_them_awake_and_open() -> None:
    create_tenants(names=["a"], actor=ADA, at=AT)
    tenant = Tenant.objects.get()
    assert (tenant.active, tenant.maintenance, tenant.maintenance_since) == (True, False, AT)


def test_it_creates_none_when_one_of_the_names_cannot_be() -> None:
    with pytest.raises(InvalidTenantName):
        create_tenants(names=["good", ""], actor=ADA, at=AT)
    assert not Tenant.objects.exists()


def test_it_leaves_a_sleeping_tenant_asleep() -> None:
    create_tenants(names=["a"], actor=ADA, at=AT)
    Tenant.objects.update(active=False)
    create_tenants(names=["a"], actor=ADA, at=AT)
    assert not Tenant.objects.get().active


def test_it_records_the_new_ones() -> None:
    create_tenants(names=["a"], actor=ADA, at=AT)
    create_tenants(names=["a", "b"], actor=ADA, at=AT)
    recorded = AuditEntry.objects.order_by("pk").values_list("action", "tenant", "actor")
    assert list(recorded) == [("tenant.created", "a", "ada"), ("tenant.created", "b", "ada")]


def test_it_prints_the_new_ones_and_says_which_were_there() -> None:
    create_tenants(names=["a"], actor=ADA, at=AT)
    out, err = StringIO(), StringIO()
    call_command("create_tenant", "a", "b", "a", stdout=out, stderr=err)
    assert (out.getvalue(), err.getvalue()) == ("b\n", "a is there already\n")


def test_it_says_which_name_cannot_be() -> None:
    with pytest.raises(CommandError, match="'instance' is taken"):
        call_command("create_tenant", "instance")
