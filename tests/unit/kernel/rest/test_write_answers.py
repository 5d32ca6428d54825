"""How answers are written."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from regards_processing.kernel.rest.entities import entity, paged
from regards_processing.kernel.rest.pages import Page, PageRequest, Sorting
from regards_processing.kernel.rest.renderers import JsonRenderer, to_json
from tests.factories.json_values import nested

_SORTING = Sorting(fields={"requestId": "request_id", "source": "source"}, default="requestId,asc")


def _rendered(value: Any, *, query: str = "") -> str:
    request = RequestFactory().get(f"/?{query}")
    return JsonRenderer().render(value, renderer_context={"request": request}).decode()


def _page(query: str, *, total: int) -> Mapping[str, Any]:
    parameters = QueryDict(query)
    page: Page[str] = Page(items=["a"], request=PageRequest.read(parameters, sorting=_SORTING), total=total)
    return paged(page, [entity({"id": 1})], address="http://here/requests", parameters=parameters)


def test_it_leaves_nulls_out_wherever_they_are() -> None:
    value = {"a": None, "b": {"c": None, "d": 1}, "e": [{"f": None}, None, 2], "g": ""}
    assert json.loads(to_json(value)) == {"b": {"d": 1}, "e": [{}, None, 2], "g": ""}


def test_it_writes_dates_and_ids() -> None:
    value = {"at": datetime(2025, 1, 23, 14, 42, 27, 120000, tzinfo=UTC), "id": UUID(int=7)}
    assert to_json(value) == b'{"at":"2025-01-23T14:42:27.12Z","id":"00000000-0000-0000-0000-000000000007"}'


def test_it_writes_characters_of_every_language_as_they_are() -> None:
    assert to_json({"text": "<é&中>"}).decode() == '{"text":"<é&中>"}'


def test_it_escapes_what_is_no_character() -> None:
    assert json.loads(to_json({"text": "\ud800"})) == {"text": "\ud800"}


@pytest.mark.parametrize("pretty", [False, True])
def test_it_writes_what_is_nested_without_end_as_far_as_it_goes(*, pretty: bool) -> None:
    written = json.loads(to_json([1, nested(900)], pretty=pretty))
    assert written[0] == 1
    assert "…" in str(written[1])
    assert json.loads(to_json(nested(190))) == nested(190)


def test_it_writes_an_empty_body_for_nothing() -> None:
    assert _rendered(None) == ""


def test_it_is_compact_unless_asked_to_indent() -> None:
    assert _rendered({"a": [1]}) == '{"a":[1]}'


def test_it_indents_whatever_the_value_of_the_parameter() -> None:
    assert _rendered({"a": 1}, query="_pretty") == _rendered({"a": 1}, query="_pretty=false")
    assert _rendered({"a": 1}, query="_pretty") == '{\n  "a": 1\n}'


def test_it_writes_entities_with_their_links() -> None:
    link = {"rel": "self", "href": "http://here"}
    assert entity({"id": 1}, [link]) == {"content": {"id": 1}, "links": [link]}


def test_it_writes_a_page() -> None:
    assert _page("page=1&size=10&sort=source,DESC", total=21) == {
        "content": [{"content": {"id": 1}, "links": []}],
        "links": [
            {"rel": "first", "href": "http://here/requests?page=0&size=10&sort=source,desc"},
            {"rel": "prev", "href": "http://here/requests?page=0&size=10&sort=source,desc"},
            {"rel": "self", "href": "http://here/requests?page=1&size=10&sort=source,desc"},
            {"rel": "next", "href": "http://here/requests?page=2&size=10&sort=source,desc"},
            {"rel": "last", "href": "http://here/requests?page=2&size=10&sort=source,desc"},
        ],
        "metadata": {"size": 10, "totalElements": 21, "totalPages": 3, "number": 1},
    }


def test_it_keeps_the_other_parameters_in_the_links_of_a_page() -> None:
    links = _page("_pretty&tenant=a%26b&size=5", total=1)["links"]
    assert [link["href"] for link in links] == [
        "http://here/requests?page=0&size=5&sort=requestId,asc&_pretty=&tenant=a%26b"
    ]
