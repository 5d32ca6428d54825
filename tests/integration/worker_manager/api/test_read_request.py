"""``GET /requests/{requestId}``: one request."""

import pytest

from regards_processing.kernel.auth.roles import Role
from tests.factories.requests import requests
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/requests"


def test_it_shows_a_request_by_the_clients_id() -> None:
    requests(a_tenant(), "r-17", "r-18")
    found = client_as(Role.EXPLOIT, tenant="demo").get(f"{_HERE}/r-17").json()
    assert (found["content"]["requestId"], found["content"]["status"]) == ("r-17", "ERROR")
    assert [link["rel"] for link in found["links"]] == ["self", "list", "details", "content", "retry"]


@pytest.mark.parametrize("request_id", ["r-1", "R-17", "r-17 ", "x" * 300])
def test_it_says_in_the_words_of_the_contract_that_there_is_none(request_id: str) -> None:
    requests(a_tenant(), "r-17")
    answer = client_as(tenant="demo").get(f"{_HERE}/{request_id}")
    told = (
        "Entity fr.cnes.regards.modules.workermanager.domain.database.LightRequest "
        f"with id : {request_id} doesn't exist"
    )
    assert (answer.status_code, answer.json()) == (404, {"messages": [told]})


def test_it_does_not_know_the_requests_of_other_tenants() -> None:
    a_tenant()
    requests(a_tenant(name="other"), "r-17")
    assert client_as(tenant="demo").get(f"{_HERE}/r-17").status_code == 404
    assert client_as(tenant="other").get(f"{_HERE}/r-17").status_code == 200


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    requests(a_tenant(), "r-17")
    assert client_as(role, tenant="demo").get(f"{_HERE}/r-17").status_code == 403


def test_it_indents_on_request() -> None:
    requests(a_tenant(), "r-17")
    answer = client_as(tenant="demo").get(f"{_HERE}/r-17?_pretty=1")
    assert answer.content.startswith(b'{\n  "content": {\n    "id": ')
