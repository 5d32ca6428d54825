"""``POST /requests``: operators look for requests."""

from datetime import timedelta
from typing import Any

import pytest

from regards_processing.kernel.auth.roles import Role
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.requests import a_request, requests
from tests.factories.rest import client_as
from tests.factories.rows import every
from tests.factories.worker_manager import AT, a_tenant
from worker_manager import searches
from worker_manager.models import Request
from worker_manager.states import RequestStatus

pytestmark = pytest.mark.django_db

_HERE = "/api/v1/rs-worker-manager"
_ORDERABLE = {"ERROR", "INVALID_CONTENT", "NO_WORKER_AVAILABLE"}

#: Columns of requests that have little in common.
_DIFFERENT: tuple[dict[str, Any], ...] = (
    {
        "source": "acme",
        "session": "2025-06",
        "content_type": "unzip",
        "status": "ERROR",
        "dispatched_worker_type": None,
    },
    {
        "source": "lab",
        "session": "2025-06-01",
        "content_type": "store",
        "status": "DISPATCHED",
        "creation_date": AT + timedelta(seconds=1),
    },
    {
        "source": "100%acme",
        "session": "2024",
        "content_type": "scan",
        "status": "RUNNING",
        "dispatched_worker_type": None,
        "creation_date": AT + timedelta(seconds=2),
    },
)


def _search(body: object = None, *, query: str = "", role: str = Role.ADMIN, tenant: str = "demo") -> Any:
    client = client_as(role, tenant=tenant)
    return client.post(f"{_HERE}/requests{query}", body if body is not None else {}, format="json")


def _found(body: object = None, *, query: str = "") -> list[str]:
    answer = _search(body, query=query)
    assert answer.status_code == 200, answer.content
    return [entity["content"]["requestId"] for entity in answer.json()["content"]]


def _including(*values: object, **options: object) -> dict[str, object]:
    return {"values": list(values), "mode": "INCLUDE"} | options


def _stored(*facts: dict[str, Any]) -> Tenant:
    """Store one request for each set of columns: ``r-0``, ``r-1`` and so on."""
    tenant = a_tenant()
    Request.objects.bulk_create(
        a_request(tenant, f"r-{number}", **columns) for number, columns in enumerate(facts)
    )
    return tenant


def test_it_shows_a_request_as_the_contract_has_it() -> None:
    requests(a_tenant(), "r-17", creation_date=AT + timedelta(microseconds=120))
    (found,) = _search().json()["content"]
    assert found == {
        "content": {
            "id": every(Request).get().pk,
            "requestId": "r-17",
            "creationDate": "2025-06-01T12:00:00.00012Z",
            "contentType": "unzip",
            "source": "acme",
            "session": "2025-06",
            "status": "ERROR",
            "dispatchedWorkerType": "unzip-worker",
            "error": "disk full",
        },
        "links": [
            {"rel": "self", "href": f"http://testserver{_HERE}/requests/r-17"},
            {"rel": "list", "href": f"http://testserver{_HERE}/requests/r-17"},
            {"rel": "details", "href": f"http://testserver{_HERE}/requests/r-17/details"},
            {"rel": "content", "href": f"http://testserver{_HERE}/requests/r-17/content"},
            {"rel": "retry", "href": f"http://testserver{_HERE}/requests/retry"},
            {"rel": "delete", "href": f"http://testserver{_HERE}/requests/delete"},
        ],
    }


def test_it_leaves_out_what_a_request_has_not() -> None:
    requests(a_tenant(), "r-1", dispatched_worker_type=None, error=None)
    (found,) = _search().json()["content"]
    assert not {"dispatchedWorkerType", "error"} & set(found["content"])


def test_it_gives_ten_requests_sorted_by_their_id() -> None:
    requests(a_tenant(), *(f"r-{number:02d}" for number in range(25, 0, -1)))
    page = _search().json()
    assert [entity["content"]["requestId"] for entity in page["content"]] == [
        f"r-{number:02d}" for number in range(1, 11)
    ]
    assert page["metadata"] == {"size": 10, "totalElements": 25, "totalPages": 3, "number": 0}
    address = f"http://testserver{_HERE}/requests"
    assert page["links"] == [
        {"rel": "self", "href": f"{address}?page=0&size=10&sort=requestId,asc"},
        {"rel": "next", "href": f"{address}?page=1&size=10&sort=requestId,asc"},
        {"rel": "last", "href": f"{address}?page=2&size=10&sort=requestId,asc"},
    ]


def test_it_leads_from_page_to_page() -> None:
    requests(a_tenant(), *(f"r-{number:02d}" for number in range(5)))
    client = client_as(tenant="demo")
    address, seen = f"{_HERE}/requests?size=2&sort=requestId,desc", []
    for _ in range(3):
        page = client.post(address, {}, format="json").json()
        seen += [entity["content"]["requestId"] for entity in page["content"]]
        address = {link["rel"]: link["href"] for link in page["links"]}.get("next", "")
    assert (seen, address) == (["r-04", "r-03", "r-02", "r-01", "r-00"], "")


def test_it_answers_an_empty_page() -> None:
    a_tenant()
    page = _search(query="?page=3").json()
    assert (page["content"], page["metadata"]["totalPages"]) == ([], 0)


@pytest.mark.parametrize("field", searches.SORTING.fields)
def test_it_sorts_by_every_field_of_the_contract(field: str) -> None:
    lower = {
        "creation_date": AT,
        "content_type": "a",
        "source": "a",
        "session": "a",
        "status": "DISPATCHED",
        "dispatched_worker_type": "a",
        "error": "a",
        "step_number": 1,
        "step_worker_type": "a",
    }
    higher = {
        "creation_date": AT + timedelta(seconds=1),
        "content_type": "b",
        "source": "b",
        "session": "b",
        "status": "ERROR",
        "dispatched_worker_type": "b",
        "error": "b",
        "step_number": 2,
        "step_worker_type": "b",
    }
    _stored(lower, higher)
    assert _found(query=f"?sort={field}") == ["r-0", "r-1"]
    assert _found(query=f"?sort={field},DESC") == ["r-1", "r-0"]


@pytest.mark.parametrize(
    "query",
    ["?page=-1", "?page=x", "?size=0", "?size=1.5", "?sort=tenant", "?sort=source,up", "?page=9999999999"],
)
def test_it_refuses_parameters_that_make_no_sense(query: str) -> None:
    a_tenant()
    answer = _search(query=query)
    name, _, value = query[1:].partition("=")
    assert answer.status_code == 400
    assert answer.json()["messages"][0].startswith(f"Parameter {name}={value} is refused: ")


def test_it_caps_the_page_at_two_thousand() -> None:
    a_tenant()
    assert _search(query="?size=5000").json()["metadata"]["size"] == 2000


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, ["r-0", "r-1", "r-2"]),
        ({"source": "cm"}, ["r-0", "r-2"]),
        ({"source": "CM"}, []),
        ({"source": ""}, ["r-0", "r-1", "r-2"]),
        ({"source": "%"}, ["r-2"]),
        ({"session": "2025-06"}, ["r-0", "r-1"]),
        ({"dispatchedWorkerType": "zip"}, ["r-1"]),
        ({"source": "acme", "session": "2025"}, ["r-0"]),
        ({"contentTypes": _including("unzip", "store")}, ["r-0", "r-1"]),
        ({"contentTypes": {"values": ["unzip"], "mode": "EXCLUDE"}}, ["r-1", "r-2"]),
        ({"contentTypes": _including("ZIP", matchMode="ENDS_WITH", ignoreCase=True)}, ["r-0"]),
        ({"statuses": _including("ERROR", "RUNNING")}, ["r-0", "r-2"]),
        ({"statuses": {"values": ["ERROR"], "mode": "EXCLUDE"}}, ["r-1", "r-2"]),
        ({"statuses": {"values": [], "mode": "EXCLUDE"}}, ["r-0", "r-1", "r-2"]),
        ({"creationDate": {"after": "2025-06-01T12:00:01Z"}}, ["r-1", "r-2"]),
        ({"creationDate": {"after": "2025-06-01T14:00:01+02:00", "before": "2025-06-01T12:00:01"}}, ["r-1"]),
        ({"requestId": "r-1"}, ["r-1"]),
        ({"requestId": "r-"}, []),
        ({"requestIds": _including("r-0", "r-2", "r-9")}, ["r-0", "r-2"]),
        ({"requestIds": _including("R-0", "R-1", ignoreCase=True), "source": "acme"}, ["r-0"]),
        ({"requestIds": _including("-2", matchMode="ENDS_WITH")}, ["r-2"]),
        ({"requestIds": {"values": ["r-0"], "mode": "EXCLUDE"}}, ["r-1", "r-2"]),
        ({"requestId": None, "requestIds": None}, ["r-0", "r-1", "r-2"]),
        ({"unknown": 1, "source": None, "statuses": None, "ids": None}, ["r-0", "r-1", "r-2"]),
    ],
)
def test_it_finds_what_meets_every_condition(body: dict[str, Any], found: list[str]) -> None:
    _stored(*_DIFFERENT)
    assert _found(body) == found


def test_it_finds_requests_by_their_technical_ids() -> None:
    _stored({}, {}, {})
    ids = {request.request_id: request.pk for request in every(Request)}
    chosen = [ids["r-0"], ids["r-2"]]
    assert _found({"ids": {"values": chosen, "mode": "INCLUDE"}}) == ["r-0", "r-2"]
    assert _found({"ids": {"values": chosen, "mode": "EXCLUDE"}}) == ["r-1"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"ids": {"values": list(range(1001)), "mode": "EXCLUDE"}},
            "ids.values: List of values have a maximal size of 1000",
        ),
        (
            {"statuses": {"values": [], "mode": "INCLUDE"}},
            "Invalid search value restriction on statuses. Forbidden empty list of values with include mode.",
        ),
        ({"statuses": {"values": None, "mode": "INCLUDE"}}, "statuses.values: This field may not be null."),
        (
            {"statuses": {"values": ["DONE"], "mode": "EXCLUDE"}},
            f'statuses.values[0]: "DONE" is not one of {", ".join(RequestStatus.values)}',
        ),
        ({"requestId": ""}, "requestId: This field may not be blank."),
        (
            {"requestIds": {"values": ["r-1"] * 1001, "mode": "INCLUDE"}},
            "requestIds.values: List of values have a maximal size of 1000",
        ),
        ({"contentTypes": {"values": ["a"]}}, "contentTypes.mode: This field is required."),
        ([], "Invalid data. Expected a dictionary, but got list."),
    ],
)
def test_it_refuses_filters_that_break_a_rule(body: object, message: str) -> None:
    a_tenant()
    answer = _search(body)
    assert (answer.status_code, answer.json()) == (422, {"messages": [message]})


def test_it_wants_a_filter() -> None:
    a_tenant()
    assert client_as(tenant="demo").post(f"{_HERE}/requests").status_code == 400


@pytest.mark.parametrize("status", RequestStatus.values)
def test_it_links_orders_where_they_make_sense(status: str) -> None:
    requests(a_tenant(), "r-1", status=status)
    (found,) = _search().json()["content"]
    orders = {link["rel"] for link in found["links"]} - {"self", "list", "details", "content"}
    assert orders == ({"retry", "delete"} if status in _ORDERABLE else set())


def test_it_links_what_the_caller_may_do() -> None:
    requests(a_tenant(), "r-1")
    (found,) = _search(role=Role.EXPLOIT).json()["content"]
    assert [link["rel"] for link in found["links"]] == ["self", "list", "details", "content", "retry"]


@pytest.mark.parametrize("request_id", ["a/b", "a b", "é", "a?b#c%d", "a\nb", "..", "x" * 255])
def test_it_links_every_request_by_an_address_that_leads_to_it(request_id: str) -> None:
    requests(a_tenant(), request_id)
    (found,) = _search().json()["content"]
    answer = client_as(tenant="demo").get(found["links"][0]["href"])
    assert answer.json()["content"]["requestId"] == request_id


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.REGISTERED_USER])
def test_it_is_not_for_everybody(role: str) -> None:
    a_tenant()
    assert _search(role=role).status_code == 403


@pytest.mark.parametrize("role", [Role.EXPLOIT, Role.PROJECT_ADMIN])
def test_it_shows_the_requests_of_the_callers_tenant_only(role: str) -> None:
    requests(a_tenant(), "ours")
    requests(a_tenant(name="other"), "theirs")
    theirs = every(Request).get(request_id="theirs").pk
    page = _search(role=role).json()
    assert [entity["content"]["requestId"] for entity in page["content"]] == ["ours"]
    assert page["metadata"]["totalElements"] == 1
    reached = _search({"ids": {"values": [theirs], "mode": "INCLUDE"}}, role=role).json()
    assert (reached["content"], reached["metadata"]["totalElements"]) == ([], 0)
