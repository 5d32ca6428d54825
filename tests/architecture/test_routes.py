"""Every route is an endpoint that says who may call it; nothing below ``/api/v1/`` is open by oversight."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.auth.token_api import TokenEndpoint
from regards_processing.kernel.rest.endpoint import Endpoint
from regards_processing.kernel.rest.resources import PREFIX, resources
from regards_processing.kernel.rest.services import SERVICES

#: Open to everybody by contract (2.2): the description of each service. Tokens are for those who have none.
_NO_ENDPOINTS = {"ApiDocs", "SpectacularSwaggerView", TokenEndpoint.__name__}
#: Endpoints that ask nobody who he is: whoever watches the platform has no account.
_OPEN = {"actuator-health", "actuator-info"}
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
_CONTRACT_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")
_SERVICES = {service.name for service in SERVICES}


def _patterns(
    found: list[URLPattern | URLResolver], prefix: str = "", namespace: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    """Yield the template, the namespace and the pattern of every route."""
    for pattern in found:
        template = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or namespace
            yield from _patterns(pattern.url_patterns, template, inner)
        else:
            yield template, namespace, pattern


def _routes() -> list[tuple[str, str, URLPattern]]:
    return [route for route in _patterns(get_resolver().url_patterns) if route[0].startswith(PREFIX)]


def _view(pattern: URLPattern) -> type:
    view: type = getattr(pattern.callback, "view_class", type(pattern.callback))
    return view


_ROUTES = _routes()
_ENDPOINTS: list[tuple[str, Any]] = [
    (template, _view(pattern)) for template, _, pattern in _ROUTES if issubclass(_view(pattern), Endpoint)
]
_EACH_ENDPOINT = pytest.mark.parametrize(
    ("template", "view"), _ENDPOINTS, ids=[template for template, _ in _ENDPOINTS]
)


def test_it_finds_the_endpoints_of_every_service() -> None:
    assert {namespace for _, namespace, _ in _ROUTES} >= _SERVICES
    assert len(_ENDPOINTS) > 20


def test_it_serves_endpoints_only() -> None:
    others = {
        template: _view(pattern).__name__
        for template, _, pattern in _ROUTES
        if not issubclass(_view(pattern), Endpoint)
    }
    assert {template: name for template, name in others.items() if name not in _NO_ENDPOINTS} == {}


@_EACH_ENDPOINT
def test_it_states_a_role_for_every_verb_and_no_other(template: str, view: type[Endpoint]) -> None:
    served = {verb for verb in _VERBS if hasattr(view, verb.lower())}
    assert served, f"{template} serves nothing"
    assert set(view.roles) == served


@_EACH_ENDPOINT
def test_it_states_native_roles(template: str, view: type[Endpoint]) -> None:
    assert all(isinstance(role, Role) for role in view.roles.values()), template


def test_it_asks_who_calls_nearly_everywhere() -> None:
    views = {pattern.name: _view(pattern) for _, _, pattern in _ROUTES}
    open_to_all = {name for name, view in views.items() if not getattr(view, "authentication_classes", None)}
    assert open_to_all - {"api-docs", "swagger-ui"} == _OPEN


@_EACH_ENDPOINT
def test_it_names_variables_as_the_contract_does(template: str, view: type[Endpoint]) -> None:
    names = _VARIABLE.findall(template)
    assert all(_CONTRACT_NAME.fullmatch(name) for name in names), view
    assert len(names) == len(set(names))


@_EACH_ENDPOINT
def test_it_has_no_slash_at_the_end(template: str, view: type[Endpoint]) -> None:
    assert not template.endswith("/"), view


def test_it_names_every_route_of_a_service_once() -> None:
    counted = Counter((namespace, pattern.name) for _, namespace, pattern in _ROUTES)
    assert not [name for name, count in counted.items() if count > 1 or not name[1]]


def test_it_knows_every_endpoint_as_a_resource() -> None:
    known = {f"{PREFIX}{found.service}{found.path}" for found in resources().values()}
    assert known == {_VARIABLE.sub(r"{\1}", template) for template, _ in _ENDPOINTS}


def test_it_offers_the_endpoints_of_the_contract() -> None:
    offered = {(found.service, found.path, verb) for found in resources().values() for verb in found.roles}
    assert {
        ("rs-worker-manager", "/requests", "POST"),
        ("rs-worker-manager", "/requests/{requestId}", "GET"),
        ("rs-worker-manager", "/requests/retry", "POST"),
        ("rs-worker-manager", "/requests/delete", "DELETE"),
        ("rs-worker-manager", "/workers", "GET"),
        ("rs-worker-manager", "/settings", "GET"),
        ("rs-worker-manager", "/settings/{name}", "PUT"),
        ("rs-worker-manager", "/settings/{name}", "DELETE"),
        ("rs-worker-manager", "/microservice/configuration", "GET"),
        ("rs-worker-manager", "/microservice/configuration", "POST"),
        ("rs-worker-manager", "/microservice/configuration/enabled", "GET"),
        ("rs-worker-manager", "/security/resources", "GET"),
        ("rs-processing", "/security/resources", "GET"),
        ("rs-processing", "/process", "GET"),
        ("rs-processing", "/process/{processBusinessId}", "GET"),
        ("rs-processing", "/processplugins/config", "POST"),
        ("rs-processing", "/processplugins/config/{processBusinessId}", "PUT"),
        ("rs-processing", "/processplugins/config/{processBusinessId}/userRole", "PUT"),
        ("rs-processing", "/processplugins/linkprocessdataset/{datasetIpId}", "PUT"),
        ("rs-processing", "/processplugins/fordatasets", "POST"),
        ("rs-processing", "/processplugins/metadata", "GET"),
    } <= offered
