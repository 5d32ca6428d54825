"""Which page a client asks for."""

import pytest
from django.http import QueryDict

from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting
from regards_processing.kernel.rest.parameters import BadParameter

_SORTING = Sorting(fields={"requestId": "request_id", "source": "source"}, default="requestId,asc")


def _read(query: str, *, size: int = 10) -> PageRequest:
    return PageRequest.read(QueryDict(query), sorting=_SORTING, size=size)


def _orders(query: str) -> list[str]:
    return [str(order) for order in _read(query).orders]


def test_it_gives_the_first_page_unless_asked_for_another() -> None:
    page = _read("")
    assert (page.number, page.size) == (0, 10)
    assert [(order.path, order.descending) for order in page.orders] == [("request_id", False)]


def test_it_takes_empty_parameters_for_absent_ones() -> None:
    assert _read("page=&size=&sort=") == _read("")


@pytest.mark.parametrize(("query", "size"), [("size=1", 1), ("size=2000", 2000), ("size=2001", 2000)])
def test_it_caps_the_size_silently(query: str, size: int) -> None:
    assert _read(query).size == size


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "1e3", " 1", "+1", "1_0", "٣", "2147483648", "9" * 30])
@pytest.mark.parametrize("name", ["page", "size"])
def test_it_refuses_numbers_that_make_no_sense(name: str, value: str) -> None:
    parameters = QueryDict(mutable=True)
    parameters[name] = value
    with pytest.raises(BadParameter, match=f"^Parameter {name}=") as refused:
        PageRequest.read(parameters, sorting=_SORTING)
    assert refused.value.http_status == 400
    assert f"{name}={value} is refused: a whole number from" in str(refused.value)


def test_it_refuses_pages_without_length() -> None:
    with pytest.raises(BadParameter, match="size=0 is refused: a whole number from 1 to"):
        _read("size=0")


@pytest.mark.parametrize(
    ("query", "orders"),
    [
        ("sort=source", ["source,asc"]),
        ("sort=source,DESC", ["source,desc"]),
        ("sort=source,Asc", ["source,asc"]),
        ("sort=source,", ["source,asc"]),
        ("sort=source,desc&sort=requestId", ["source,desc", "requestId,asc"]),
        ("sort=source,desc&sort=requestId&sort=source", ["source,desc", "requestId,asc"]),
    ],
)
def test_it_reads_the_order(query: str, orders: list[str]) -> None:
    assert _orders(query) == orders


def test_it_sorts_by_known_fields_only() -> None:
    with pytest.raises(BadParameter, match=r"sort=request_id,asc is refused: one of requestId, source is"):
        _read("sort=request_id,asc")


@pytest.mark.parametrize("direction", ["up", "asc,asc", "ascending", "asc,ignorecase"])
def test_it_knows_two_directions(direction: str) -> None:
    with pytest.raises(BadParameter, match="source,asc or source,desc is expected"):
        _read(f"sort=source,{direction}")


@pytest.mark.parametrize(
    ("number", "links"),
    [
        (0, {"self": 0, "next": 1, "last": 2}),
        (1, {"first": 0, "prev": 0, "self": 1, "next": 2, "last": 2}),
        (2, {"first": 0, "prev": 1, "self": 2}),
        (9, {"first": 0, "prev": 8, "self": 9}),
    ],
)
def test_it_knows_the_neighbours_of_a_page(number: int, links: dict[str, int]) -> None:
    page: Page[int] = Page(items=[], request=_read(f"page={number}"), total=21)
    assert page.total_pages == 3
    assert list(page.neighbours.items()) == list(links.items())


def test_it_has_no_neighbours_in_an_empty_list() -> None:
    page: Page[int] = Page(items=[], request=_read(""), total=0)
    assert (page.total_pages, page.neighbours) == (0, {"self": 0})
