"""One request is cancelled over REST."""

import pytest

from regards_processing.kernel.audit.models import AuditEntry
from regards_processing.kernel.auth.roles import Role
from tests.factories.messages import a_submission, an_answer
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import a_tenant, a_worker_type, live_workers
from tests.fakes.engine import Engine, committing
from worker_manager.models import FinishedRequest, Request

pytestmark = pytest.mark.django_db


def _address(request_id: str) -> str:
    return f"/api/v1/rs-worker-manager/requests/{request_id}/cancel"


@pytest.mark.parametrize("request_id", ["r-1", "with/slash", "é %"])
def test_it_ends_the_request_at_once(engine: Engine, request_id: str) -> None:
    a_tenant(name="default")
    engine.submit(a_submission(request_id, tenant="default"))
    with committing(execute=True):
        answer = client_as(Role.EXPLOIT).post(_address(request_id))
    assert (answer.status_code, answer.content) == (200, b"")
    assert every(FinishedRequest).get().status == "CANCELED"
    assert engine.states() == [(request_id, "DELAYED"), (request_id, "ERROR")]
    assert (AuditEntry.objects.get().actor, AuditEntry.objects.get().target) == ("ada", request_id)


def test_it_refuses_one_that_has_failed(engine: Engine) -> None:
    a_worker_type(a_tenant(name="default"))
    live_workers("unzip-worker")
    engine.submit(a_submission(tenant="default"))
    engine.answer(an_answer("ERROR", tenant="default"))
    answer = client_as(Role.EXPLOIT).post(_address("r-1"))
    assert answer.status_code == 409
    assert "Request r-1 has ended in ERROR" in answer.json()["messages"][0]


def test_it_knows_the_requests_of_the_tenant_only(engine: Engine) -> None:
    a_tenant(name="default")
    a_tenant(name="other")
    engine.submit(a_submission(tenant="other"))
    assert client_as(Role.ADMIN).post(_address("r-1")).status_code == 404
    assert every(Request).count() == 1


@pytest.mark.parametrize(("role", "status"), [(Role.REGISTERED_USER, 403), (Role.EXPLOIT, 404)])
def test_it_asks_for_the_role(role: Role, status: int) -> None:
    a_tenant(name="default")
    assert client_as(role).post(_address("r-1")).status_code == status
