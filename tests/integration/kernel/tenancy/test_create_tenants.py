"""Tenants are created once."""

from io import StringIO

import pytest
from django.core.management import call_command

from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.kernel.tenancy.services import create_tenants
from tests.factories.worker_manager import AT, later

pytestmark = pytest.mark.django_db


def test_it_creates_those_that_are_missing() -> None:
    assert create_tenants(names=["a", "b"], at=AT) == ["a", "b"]
    assert create_tenants(names=["b", "c", "c"], at=later(1)) == ["c"]
    assert dict(Tenant.objects.values_list("name", "created_at")) == {"a": AT, "b": AT, "c": later(1)}


def test_it_leaves_a_sleeping_tenant_asleep() -> None:
    create_tenants(names=["a"], at=AT)
    Tenant.objects.update(active=False)
    create_tenants(names=["a"], at=AT)
    assert not Tenant.objects.get().active


def test_it_prints_the_new_ones() -> None:
    create_tenants(names=["a"], at=AT)
    out = StringIO()
    call_command("create_tenant", "a", "b", stdout=out)
    assert out.getvalue() == "b\n"


def test_it_tells_active_tenants_apart() -> None:
    create_tenants(names=["a", "b"], at=AT)
    Tenant.objects.filter(name="b").update(active=False)
    assert [tenant.name for tenant in Tenant.objects.active()] == ["a"]
