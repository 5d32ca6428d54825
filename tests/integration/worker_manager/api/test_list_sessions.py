"""``GET /sessions``: operators see what requests count for in their sessions."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.messages import a_submission
from tests.factories.rest import client_as
from tests.factories.worker_manager import a_tenant, later
from tests.fakes.engine import Engine
from tests.fakes.sessions import fold, told
from worker_manager.models import SessionStep

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager/sessions"
_NAMES = (("acme", "2025-06"), ("acme-lab", "2025-06"), ("lab", "2025-060"), ("acme", "All_1"))
_NO_COUNTS = {
    "properties": {"workers.requests": 1},
    "input_related": 1,
    "output_related": 0,
    "errors": 0,
    "waiting": 0,
    "running": 0,
}


def _list(query: dict[str, Any] | None = None, *, role: str = Role.EXPLOIT, tenant: str = "demo") -> Any:
    return client_as(role, tenant=tenant).get(_HERE, query or {})


def _found(**query: Any) -> list[tuple[str, str]]:
    answer = _list(query)
    assert answer.status_code == 200, answer.content
    contents = [entity["content"] for entity in answer.json()["content"]]
    return [(content["source"], content["session"]) for content in contents]


def _stored(*names: tuple[str, str], tenant: Tenant | None = None) -> None:
    """Store a step for each source and session, one second after another."""
    owner = tenant or a_tenant()
    SessionStep.objects.bulk_create(
        SessionStep(tenant=owner, source=source, session=session, last_update_at=later(second), **_NO_COUNTS)
        for second, (source, session) in enumerate(names)
    )


def test_it_shows_what_the_dashboard_was_told(engine: Engine) -> None:
    a_tenant()
    engine.submit(a_submission("r-1", session="one & two"), a_submission("r-2", session="one & two"))
    fold()
    (shown,) = _list().json()["content"]
    assert [shown["content"]] == told(engine)
    assert shown["content"] == {
        "stepId": "workers",
        "source": "acme",
        "session": "one & two",
        "type": "ACQUISITION",
        "inputRelated": 2,
        "outputRelated": 0,
        "state": {"errors": 0, "waiting": 2, "running": 0},
        "properties": {"workers.requests": "2", "workers.no_worker_available": "2"},
        "lastUpdateDate": "2025-06-01T12:00:00Z",
    }


def test_each_session_leads_to_itself() -> None:
    _stored(("acme", "one"), ("acme", "one & two"))
    first = _list().json()["content"][0]
    (link,) = first["links"]
    assert link["rel"] == "self"
    (same,) = client_as(Role.EXPLOIT, tenant="demo").get(link["href"]).json()["content"]
    assert same == first


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [3, 2, 1, 0]),
        ({"source": "lab"}, [2, 1]),
        ({"source": "LAB"}, []),
        ({"session": "2025-06"}, [2, 1, 0]),
        ({"session": "l_1"}, [3]),
        ({"session": "_"}, [3]),
        ({"session": "%"}, []),
        ({"source": "acme", "session": "2025"}, [1, 0]),
        ({"source": "acme", "exact": "true"}, [3, 0]),
        ({"source": "ACME", "exact": "true"}, []),
        ({"session": "2025-06", "exact": ""}, [1, 0]),
        ({"source": "acme", "session": "2025-06", "exact": "true"}, [0]),
        ({"source": "", "exact": "true"}, []),
        ({"source": "", "exact": "false"}, [3, 2, 1, 0]),
        ({"exact": "true"}, [3, 2, 1, 0]),
    ],
)
def test_it_finds_sessions_by_their_names(query: dict[str, str], found: list[int]) -> None:
    _stored(*_NAMES)
    assert _found(**query) == [_NAMES[number] for number in found]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (["lastUpdateDate"], [0, 1, 2, 3]),
        (["source,desc", "session"], [2, 1, 0, 3]),
        (["session,desc", "source,asc"], [3, 2, 0, 1]),
    ],
)
def test_it_sorts(sort: list[str], found: list[int]) -> None:
    _stored(*_NAMES)
    assert _found(sort=sort) == [_NAMES[number] for number in found]


def test_it_leads_from_page_to_page() -> None:
    _stored(*_NAMES)
    page = _list({"size": 3, "session": "20"}).json()
    assert page["metadata"] == {"size": 3, "totalElements": 3, "totalPages": 1, "number": 0}
    page = _list({"size": 3, "page": 1}).json()
    assert [entity["content"]["session"] for entity in page["content"]] == ["2025-06"]
    assert {link["rel"] for link in page["links"]} == {"first", "prev", "self"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"exact": "maybe"}, "Parameter exact=maybe is refused: true or false is expected"),
        (
            {"sort": "properties"},
            "Parameter sort=properties is refused: one of lastUpdateDate, source, session is expected",
        ),
        (
            {"size": "0"},
            "Parameter size=0 is refused: a whole number from 1 to 2147483647 is expected",
        ),
    ],
)
def test_it_refuses_parameters_that_make_no_sense(query: dict[str, str], message: str) -> None:
    a_tenant()
    answer = _list(query)
    assert (answer.status_code, answer.json()) == (400, {"messages": [message]})


def test_it_shows_those_of_the_callers_tenant_only() -> None:
    _stored(("acme", "ours"))
    _stored(("acme", "theirs"), tenant=a_tenant(name="other"))
    assert _found() == [("acme", "ours")]
    assert _found(session="theirs", exact="true") == []


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    a_tenant()
    assert _list(role=role).status_code == 403


def _statements() -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        _list()
    return [query["sql"] for query in captured.captured_queries]


def test_many_sessions_cost_the_statements_of_one() -> None:
    tenant = a_tenant()
    _stored(("acme", "first"), tenant=tenant)
    # What a process keeps is read once.
    _statements()
    few = _statements()
    _stored(*(("acme", f"s-{number}") for number in range(15)), tenant=tenant)
    assert len(_statements()) == len(few)
