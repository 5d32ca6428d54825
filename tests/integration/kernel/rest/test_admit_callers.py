"""Who may call what, and how."""

import pytest
from rest_framework.test import APIClient

from regards_processing.kernel.auth.roles import Role
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("probes")]

_HERE = "/api/v1/rs-worker-manager"


@pytest.mark.parametrize("role", [Role.EXPLOIT, Role.ADMIN, Role.PROJECT_ADMIN, Role.INSTANCE_ADMIN, "SYS_x"])
def test_it_lets_in_whose_role_covers_the_one_of_the_verb(role: str) -> None:
    a_tenant()
    assert client_as(role, tenant="demo").get(f"{_HERE}/act/nothing").json() == {"done": True}


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER, "STRANGER"])
def test_it_refuses_other_roles(role: str) -> None:
    a_tenant()
    answer = client_as(role, tenant="demo").get(f"{_HERE}/act/nothing")
    told = f"Access denied: role {role} may not call GET {_HERE}/act/nothing"
    assert (answer.status_code, answer.json()) == (403, {"messages": [told]})


def test_it_wants_to_know_who_calls() -> None:
    answer = APIClient().get(f"{_HERE}/act/nothing")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert list(answer.json()) == ["messages"]


@pytest.mark.parametrize("role", [Role.PROJECT_ADMIN, Role.INSTANCE_ADMIN])
def test_it_refuses_a_verb_without_a_role_to_everybody(role: str) -> None:
    a_tenant()
    assert client_as(role, tenant="demo").put(f"{_HERE}/undeclared").status_code == 403


def test_it_knows_the_verbs_of_an_endpoint() -> None:
    a_tenant()
    answer = client_as(tenant="demo").delete(f"{_HERE}/act/nothing")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST, HEAD, OPTIONS")
    assert answer.json() == {"messages": ['Method "DELETE" not allowed.']}


def test_it_knows_no_verbs_of_its_own_making() -> None:
    a_tenant()
    assert client_as(tenant="demo").generic("DISPATCH", f"{_HERE}/act/nothing").status_code == 405


def test_it_answers_head_as_get_without_its_body() -> None:
    a_tenant()
    answer = client_as(Role.EXPLOIT, tenant="demo").head(f"{_HERE}/act/nothing")
    assert (answer.status_code, answer.content) == (200, b"")
    assert client_as(Role.PUBLIC, tenant="demo").head(f"{_HERE}/act/nothing").status_code == 403


def test_it_answers_everybody_which_verbs_there_are() -> None:
    answer = APIClient().options(f"{_HERE}/act/nothing", HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (
        200,
        "GET, POST, HEAD, OPTIONS",
        b"",
    )


@pytest.mark.parametrize("parameter", ["name", "_pretty", "scope"])
def test_it_refuses_parameters_that_no_database_stores(parameter: str) -> None:
    a_tenant()
    answer = client_as(tenant="demo").get(f"{_HERE}/act/nothing?{parameter}=a%00b")
    assert (answer.status_code, answer.json()["messages"][0][:10]) == (400, f"Parameter {parameter}"[:10])


@pytest.mark.parametrize("path", ["act", "kept"])
def test_it_finds_nothing_under_keys_that_no_database_stores(path: str) -> None:
    a_tenant()
    assert client_as(tenant="demo").get(f"{_HERE}/{path}/a%00b").status_code == 404


@pytest.mark.parametrize("query", ["", "?format=xml", "?format=api"])
def test_it_looks_at_accept_only(query: str) -> None:
    a_tenant()
    answer = client_as(tenant="demo").get(f"{_HERE}/act/nothing{query}", HTTP_ACCEPT="text/plain, */*")
    assert answer.headers["Content-Type"] == "application/json"
