"""Calls for a tenant that sleeps are refused, and those that change one in maintenance."""

import re

import pytest
from rest_framework.test import APIClient

from regards_processing.kernel.observability.api import Open
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.reach import ReachingEndpoint
from regards_processing.kernel.rest.resources import PREFIX, resources
from regards_processing.kernel.tenancy import services
from tests.factories.audit import ADA
from tests.factories.rest import client_as
from tests.factories.worker_manager import AT, a_tenant

pytestmark = pytest.mark.django_db


def _calls(*, about_a_tenant: bool) -> list[tuple[str, str]]:
    """Return verb and address of every endpoint that asks who calls."""
    return [
        (verb, f"/{PREFIX}{resource.service}{re.sub('{.*?}', 'x', resource.path)}")
        for resource in resources().values()
        for verb in resource.roles
        if _needs_tenant(resource.view) is about_a_tenant
    ]


def _needs_tenant(endpoint: type[Endpoint]) -> bool | None:
    """Say whether an endpoint is about a tenant; None: it does not even ask who calls."""
    return None if issubclass(endpoint, Open) else endpoint.needs_tenant


def _changes_of_own_tenants() -> set[tuple[str, str]]:
    """Return the changes that mean the caller's tenant, unless the caller stands above tenants."""
    reaching = {
        resource.path for resource in resources().values() if issubclass(resource.view, ReachingEndpoint)
    }
    return {
        (verb, address)
        for verb, address in _calls(about_a_tenant=False)
        for path in reaching
        if verb != "GET" and address.endswith(re.sub("{.*?}", "x", path))
    }


def _status(client: APIClient, verb: str, address: str) -> int:
    return int(client.generic(verb, address, "{}", content_type="application/json").status_code)


@pytest.mark.parametrize("about_a_tenant", [True, False])
def test_it_finds_calls(*, about_a_tenant: bool) -> None:
    assert len(_calls(about_a_tenant=about_a_tenant)) > 2


@pytest.mark.parametrize("tenant", ["asleep", "nobody"])
@pytest.mark.parametrize("about_a_tenant", [True, False])
def test_it_refuses_every_call_for_a_tenant_that_is_not_active(tenant: str, *, about_a_tenant: bool) -> None:
    a_tenant(name="asleep", active=False)
    client = client_as(tenant=tenant)
    answers = {call: _status(client, *call) for call in _calls(about_a_tenant=about_a_tenant)}
    assert answers == dict.fromkeys(answers, 401)


def test_it_refuses_callers_without_a_tenant_where_one_is_needed() -> None:
    client = client_as("SYS_rs-order", tenant="_NOTENANT_")
    answers = {call: _status(client, *call) for call in _calls(about_a_tenant=True)}
    assert answers == dict.fromkeys(answers, 401)


def test_it_only_lets_calls_read_during_maintenance() -> None:
    a_tenant(name="demo")
    services.enable_maintenance(tenants=["demo"], actor=ADA, at=AT)
    client = client_as(tenant="demo")
    refused = {call for call in _calls(about_a_tenant=True) if _status(client, *call) == 515}
    assert refused == {(verb, address) for verb, address in _calls(about_a_tenant=True) if verb != "GET"}


def test_it_says_that_there_is_maintenance() -> None:
    a_tenant(name="demo")
    services.enable_maintenance(tenants=["demo"], actor=ADA, at=AT)
    verb, address = next(call for call in _calls(about_a_tenant=True) if call[0] != "GET")
    answer = client_as(tenant="demo").generic(verb, address)
    assert answer.json()["messages"] == [f"Tenant demo is in maintenance: {verb} is refused until it ends"]


def test_it_goes_on_where_the_platform_is_meant_during_maintenance() -> None:
    a_tenant(name="demo")
    services.enable_maintenance(tenants=["demo"], actor=ADA, at=AT)
    client = client_as(tenant="demo")
    refused = {call for call in _calls(about_a_tenant=False) if _status(client, *call) == 515}
    assert refused == _changes_of_own_tenants()


def test_it_opens_again_at_once() -> None:
    a_tenant(name="demo")
    client = client_as(tenant="demo")
    verb, address = next(call for call in _calls(about_a_tenant=True) if call[0] != "GET")
    for switch in (services.enable_maintenance, services.disable_maintenance):
        switch(tenants=["demo"], actor=ADA, at=AT)
    assert _status(client, verb, address) not in {401, 515}
