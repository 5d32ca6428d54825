"""Searches by parts of the names of sources and sessions."""

from itertools import product

import pytest
from django.db.models import Q

from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.rest.filters import TextFilter
from regards_processing.kernel.rest.pages import PageRequest
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.requests import requests
from tests.factories.worker_manager import a_tenant
from tests.integration.worker_manager import plans
from worker_manager import searches
from worker_manager.models import Request
from worker_manager.named_sessions import named_sessions
from worker_manager.request_filter import RequestFilter

pytestmark = pytest.mark.django_db

_SESSIONS = [
    ("acme", "2025-06"),
    ("acme", "2025-07"),
    ("ACME", "2025"),
    ("acme-lab", "2025-06"),
    ("100%acme", "_a"),
    ("Łódź", "été"),
    ("back\\slash", "x"),
]
_TEXTS = ["", "acme", "a", "%", "_", "\\", "2025", "ód", "é", "nobody"]
#: Rows that a page of one session may read: each session of the tenant once, and its own requests.
_CROWD, _MOST_READ = 20_000, 1_200


@pytest.fixture
def tenant() -> Tenant:
    tenant, other = a_tenant(), a_tenant(name="other")
    for number, (source, session) in enumerate(_SESSIONS):
        requests(tenant, f"r-{number}", f"s-{number}", source=source, session=session)
    requests(other, "r-0", source="acme", session="of another tenant")
    return tenant


def _found(tenant: Tenant, wanted: RequestFilter) -> set[str]:
    return set(searches.matching(tenant=tenant, wanted=wanted).values_list("request_id", flat=True))


def _looked_through(tenant: Tenant, wanted: RequestFilter) -> set[str]:
    found = Request.objects.for_tenant(tenant).filter(wanted.condition())
    return set(found.values_list("request_id", flat=True))


@pytest.mark.parametrize("mode", list(MatchMode))
def test_they_find_what_a_look_at_each_request_finds(tenant: Tenant, mode: MatchMode) -> None:
    for source, session in product(_TEXTS, _TEXTS):
        wanted = RequestFilter(
            source=TextFilter(text=source, match_mode=mode), session=TextFilter(text=session)
        )
        assert _found(tenant, wanted) == _looked_through(tenant, wanted), wanted


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RequestFilter(source=TextFilter(text="acme")), 8),
        (RequestFilter(session=TextFilter(text="2025-06")), 4),
        (RequestFilter(source=TextFilter(text="nobody")), 0),
        (RequestFilter(), 14),
    ],
)
def test_one_of_the_two_is_enough(tenant: Tenant, wanted: RequestFilter, expected: int) -> None:
    page = searches.page_of(
        tenant=tenant, wanted=wanted, page=PageRequest(number=0, size=20, orders=searches.SORTING.read([]))
    )
    assert (page.total, len(page.items)) == (expected, expected)


@pytest.mark.postgres
class TestOnPostgres:
    def test_the_sessions_are_named(self, tenant: Tenant) -> None:
        wanted = RequestFilter(source=TextFilter(text="acme"), session=TextFilter(text="-06"))
        named = named_sessions(tenant=tenant, wanted=wanted)
        assert named == Q(source="acme", session__in=["2025-06"]) | Q(
            source="acme-lab", session__in=["2025-06"]
        )

    @pytest.mark.parametrize("limit", ["most_known", "most_named"])
    def test_too_many_are_not(self, tenant: Tenant, limit: str) -> None:
        wanted = RequestFilter(source=TextFilter(text="a"))
        assert named_sessions(tenant=tenant, wanted=wanted) != Q()
        assert named_sessions(tenant=tenant, wanted=wanted, **{limit: 3}) == Q()

    def test_of_a_crowd_only_their_requests_are_read(self) -> None:
        plans.empty()
        crowded = a_tenant(name="crowded")
        plans.fill(tenant_id=crowded.pk, count=_CROWD)
        plans.analyse()
        wanted = RequestFilter(source=TextFilter(text="source-7"), session=TextFilter(text="session-57"))
        before = plans.rows_read()
        assert len(_found(crowded, wanted)) == _CROWD // 1_000
        assert plans.rows_read() - before < _MOST_READ
