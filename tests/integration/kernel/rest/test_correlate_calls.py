"""A call has a correlation id from its beginning to its end."""

import uuid

import pytest
from django.test import Client

from regards_processing.kernel import correlation
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("probes")]

_ACT = "/api/v1/rs-worker-manager/act/nothing"


def _post(correlation_id: str) -> tuple[str, str]:
    """Call; return the ids that the endpoint saw and that the answer has."""
    a_tenant()
    answer = client_as(tenant="demo").post(
        _ACT, {"size": 1}, format="json", HTTP_CORRELATION_ID=correlation_id
    )
    return answer.json()["correlation"], answer.headers["correlation-id"]


def test_it_takes_the_id_of_the_caller_and_returns_it() -> None:
    assert _post("call-7") == ("call-7", "call-7")


@pytest.mark.parametrize("unfit", ["", "a b", "x" * 129, "é"])
def test_it_makes_one_where_there_is_none_to_take(unfit: str) -> None:
    seen, returned = _post(unfit)
    assert seen == returned
    assert str(uuid.UUID(seen)) == seen


def test_it_forgets_the_id_after_the_call() -> None:
    _post("call-7")
    assert correlation.current() is None


@pytest.mark.parametrize("path", ["/api/v1/missing", "/missing", _ACT])
def test_it_returns_an_id_with_errors_too(path: str) -> None:
    answer = Client().get(path, headers={"correlation-id": "call-7"})
    assert answer.status_code >= 400
    assert answer.headers["correlation-id"] == "call-7"
