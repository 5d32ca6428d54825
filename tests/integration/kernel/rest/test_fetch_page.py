"""Pages of rows, read with one statement each."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from regards_processing.kernel.audit.models import AuditEntry, Origin
from regards_processing.kernel.db.counting import Estimate
from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting, fetch

pytestmark = pytest.mark.django_db

_AT = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
_SORTING = Sorting(
    fields={"target": "target", "actor": "actor", "tenant": "tenant"},
    default="target,asc",
    unique=frozenset({"target"}),
)


def _stored(count: int, *, tenants: tuple[str | None, ...] = ("a",)) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=_AT,
            actor="ada",
            tenant=tenants[number % len(tenants)],
            origin=Origin.REST,
            action="x",
            target=f"{number:03d}",
            details={},
        )
        for number in range(count)
    )


def _page(query: str) -> Page[AuditEntry]:
    page = PageRequest.read(QueryDict(query), sorting=_SORTING)
    return fetch(AuditEntry.objects.all(), page=page, total=AuditEntry.objects.count())


def _targets(query: str) -> list[int]:
    return [int(entry.target) for entry in _page(query).items]


@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ("size=3", [0, 1, 2]),
        ("size=3&page=1", [3, 4, 5]),
        ("size=3&page=2", [6, 7, 8]),
        ("size=3&page=3", [9]),
        ("size=3&page=4", []),
        ("size=3&sort=target,desc", [9, 8, 7]),
        ("size=3&sort=target,desc&page=3", [0]),
        ("size=4&page=1", [4, 5, 6, 7]),
        ("size=2000", list(range(10))),
        ("page=2147483647", []),
    ],
)
def test_it_reads_the_page_that_is_asked_for(query: str, targets: list[int]) -> None:
    _stored(10)
    assert _targets(query) == targets


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("size", [1, 3, 7])
def test_it_gives_each_row_once_where_many_are_equal(size: int, direction: str) -> None:
    _stored(20)
    pages = [_targets(f"size={size}&page={number}&sort=actor,{direction}") for number in range(20)]
    found = [target for page in pages for target in page]
    assert found == sorted(found, reverse=direction == "desc")
    assert len(found) == 20


@pytest.mark.parametrize(
    ("query", "targets"), [("sort=tenant", [0, 2, 1, 3]), ("sort=tenant,desc", [3, 1, 2, 0])]
)
def test_it_puts_what_is_absent_at_the_far_end_on_every_database(query: str, targets: list[int]) -> None:
    _stored(4, tenants=("a", None))
    assert _targets(query) == targets
    assert [*_targets(f"{query}&size=1&page=0"), *_targets(f"{query}&size=1&page=3")] == [
        targets[0],
        targets[-1],
    ]


@pytest.mark.parametrize("query", ["size=5", "size=5&page=9", "size=5&page=50"])
def test_it_takes_one_statement_at_most(query: str) -> None:
    _stored(50)
    page = PageRequest.read(QueryDict(query), sorting=_SORTING)
    with CaptureQueriesContext(connection) as captured:
        fetch(AuditEntry.objects.all(), page=page, total=50)
    assert len(captured) <= 1


def test_it_reads_the_last_page_from_the_end() -> None:
    _stored(50)
    page = PageRequest.read(QueryDict("size=5&page=9"), sorting=_SORTING)
    with CaptureQueriesContext(connection) as captured:
        found = fetch(AuditEntry.objects.all(), page=page, total=50)
    assert [int(entry.target) for entry in found.items] == [45, 46, 47, 48, 49]
    assert "OFFSET" not in captured.captured_queries[0]["sql"]


def test_it_looks_no_further_than_a_field_that_differs_in_every_row() -> None:
    _stored(5)
    page = PageRequest.read(QueryDict("sort=tenant&sort=target,desc&sort=actor"), sorting=_SORTING)
    with CaptureQueriesContext(connection) as captured:
        found = fetch(AuditEntry.objects.all(), page=page, total=5)
    assert [int(entry.target) for entry in found.items] == [4, 3, 2, 1, 0]
    _, _, order = captured.captured_queries[0]["sql"].partition("ORDER BY")
    assert ("target" in order, "actor" in order) == (True, False)


@pytest.mark.parametrize("guess", [1, 7, 500])
def test_it_leads_to_the_last_row_whatever_was_estimated(guess: int) -> None:
    _stored(7)
    found: list[int] = []
    page = None
    for number in range(3):
        asked = PageRequest.read(QueryDict(f"size=3&page={number}"), sorting=_SORTING)
        page = fetch(AuditEntry.objects.all(), page=asked, total=Estimate(guess))
        found += [int(entry.target) for entry in page.items]
        assert ("next" in page.neighbours) is (number < 2)
    assert page is not None
    assert (found, page.total, isinstance(page.total, Estimate)) == (list(range(7)), 7, False)


def test_it_ends_behind_a_last_page_that_is_full() -> None:
    _stored(6)
    asked = PageRequest.read(QueryDict("size=3&page=2"), sorting=_SORTING)
    page = fetch(AuditEntry.objects.all(), page=asked, total=Estimate(500))
    assert (list(page.items), page.total, "next" in page.neighbours) == ([], 6, False)
