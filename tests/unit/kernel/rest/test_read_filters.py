"""Filters as clients write them."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from rest_framework import serializers

from regards_processing.kernel.db.text_lookups import MatchMode
from regards_processing.kernel.rest import errors
from regards_processing.kernel.rest.fields import EnumField
from regards_processing.kernel.rest.filter_serializers import (
    DateRangeSerializer,
    IdRestrictionSerializer,
    RestrictionSerializer,
    TextFilterField,
    TextRestrictionSerializer,
    ValuesField,
)
from regards_processing.kernel.rest.filters import DateRange, Mode, TextFilter, ValueRestriction


class _Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


class _ColourRestriction(RestrictionSerializer):
    values = ValuesField(child=EnumField(_Colour))


class _Search(serializers.Serializer[Any]):
    name = TextFilterField()
    code = TextFilterField(match_mode=MatchMode.STRICT)
    kinds = TextRestrictionSerializer(required=False, allow_null=True)
    colours = _ColourRestriction(required=False, allow_null=True)
    ids = IdRestrictionSerializer(required=False, allow_null=True)
    date = DateRangeSerializer(required=False, allow_null=True)


def _read(**body: object) -> dict[str, Any]:
    serializer = _Search(data=body)
    serializer.is_valid(raise_exception=True)
    found: dict[str, Any] = serializer.validated_data
    return found


def _refused(**body: object) -> list[str]:
    serializer = _Search(data=body)
    assert not serializer.is_valid()
    return errors.violations(serializer.errors)


def test_it_reads_restrictions() -> None:
    found = _read(
        kinds={"values": ["a", ""], "mode": "EXCLUDE", "matchMode": "ENDS_WITH", "ignoreCase": True}
    )
    assert found["kinds"] == ValueRestriction(
        values=("a", ""), mode=Mode.EXCLUDE, match_mode=MatchMode.ENDS_WITH, ignore_case=True
    )


@pytest.mark.parametrize(
    "body", [{"name": "é" * 256}, {"code": "x" * 256}, {"kinds": {"values": ["x" * 256], "mode": "EXCLUDE"}}]
)
def test_it_refuses_texts_that_are_longer_than_any_that_it_could_find(body: dict[str, Any]) -> None:
    (told,) = _refused(**body)
    assert "no more than 255 characters" in told


def test_it_takes_the_longest_text() -> None:
    assert _read(name="x" * 255)["name"] == TextFilter(text="x" * 255)


def test_it_compares_whole_texts_and_case_unless_told_otherwise() -> None:
    plain = ValueRestriction(values=("a",), mode=Mode.INCLUDE)
    assert _read(kinds={"values": ["a"], "mode": "INCLUDE"})["kinds"] == plain
    nulls = {"matchMode": None, "ignoreCase": None}
    assert _read(kinds={"values": ["a"], "mode": "INCLUDE"} | nulls)["kinds"] == plain
    assert (plain.match_mode, plain.ignore_case) == (MatchMode.STRICT, False)


def test_it_reads_ids_and_names_as_what_they_are() -> None:
    found = _read(
        ids={"values": [12, "13"], "mode": "INCLUDE"}, colours={"values": ["RED"], "mode": "INCLUDE"}
    )
    assert found["ids"].values == (12, 13)
    assert found["colours"].values == (_Colour.RED,)


def test_it_takes_texts_as_they_are() -> None:
    assert _read(name=" a% ")["name"] == TextFilter(text=" a% ", match_mode=MatchMode.CONTAINS)
    assert _read(code="a")["code"] == TextFilter(text="a", match_mode=MatchMode.STRICT)


@pytest.mark.parametrize("text", ["", None])
def test_it_takes_an_empty_text_for_no_filter(text: str | None) -> None:
    assert _read(name=text)["name"] is None


def test_it_reads_date_ranges_with_one_bound_or_none() -> None:
    after = datetime(2025, 1, 1, tzinfo=UTC)
    assert _read(date={"after": "2025-01-01T00:00Z"})["date"] == DateRange(after=after)
    assert _read(date={"after": None})["date"] == _read(date={})["date"] == DateRange()


def test_it_leaves_out_null_values_and_unknown_keys() -> None:
    assert _read(ids={"values": [None, 1], "mode": "INCLUDE", "other": 1})["ids"].values == (1,)
    assert _read(kinds=None, other={}) == {"kinds": None}


def test_it_takes_an_empty_list_to_leave_out() -> None:
    assert _read(kinds={"values": [], "mode": "EXCLUDE"})["kinds"].values == ()


@pytest.mark.parametrize("field", ["kinds", "ids", "colours"])
def test_it_refuses_an_empty_list_to_keep(field: str) -> None:
    assert _refused(**{field: {"values": [], "mode": "INCLUDE"}}) == [
        f"Invalid search value restriction on {field}. Forbidden empty list of values with include mode."
    ]


@pytest.mark.parametrize("mode", ["INCLUDE", "EXCLUDE"])
@pytest.mark.parametrize("values", [["x"] * 1001, [[]] * 100_000], ids=["1001 texts", "many of another type"])
def test_it_refuses_more_than_a_thousand_values(values: list[object], mode: str) -> None:
    assert _refused(kinds={"values": values, "mode": mode}) == [
        "kinds.values: List of values have a maximal size of 1000"
    ]


def test_it_takes_a_thousand_values() -> None:
    assert len(_read(ids={"values": list(range(1000)), "mode": "INCLUDE"})["ids"].values) == 1000


@pytest.mark.parametrize("mode", ["INCLUDE", "EXCLUDE"])
def test_it_refuses_unknown_names_and_says_which_are_known(mode: str) -> None:
    assert _refused(colours={"values": ["RED", "GREEN"], "mode": mode}) == [
        'colours.values[1]: "GREEN" is not one of RED, BLUE'
    ]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"values": None, "mode": "INCLUDE"}, "kinds.values: This field may not be null."),
        ({"mode": "INCLUDE"}, "kinds.values: This field is required."),
        ({"values": ["a"]}, "kinds.mode: This field is required."),
        ({"values": ["a"], "mode": "ONLY"}, 'kinds.mode: "ONLY" is not one of INCLUDE, EXCLUDE'),
        ({"values": ["a"], "mode": []}, 'kinds.mode: "[]" is not one of INCLUDE, EXCLUDE'),
        ({"values": "a", "mode": "INCLUDE"}, 'kinds.values: Expected a list of items but got type "str".'),
        ({"values": [{}], "mode": "INCLUDE"}, "kinds.values[0]: Not a valid string."),
        (["a"], "kinds: Invalid data. Expected a dictionary, but got list."),
    ],
)
def test_it_refuses_other_shapes(body: object, told: str) -> None:
    assert _refused(kinds=body) == [told]


@pytest.mark.parametrize("value", ["x", 1.5, True, 2**63, -(2**63) - 1])
def test_it_refuses_what_is_no_id(value: object) -> None:
    assert len(_refused(ids={"values": [value], "mode": "INCLUDE"})) == 1


@pytest.mark.parametrize(
    "found",
    [
        ValueRestriction(
            values=("a%", "é"), mode=Mode.EXCLUDE, match_mode=MatchMode.CONTAINS, ignore_case=True
        ),
        ValueRestriction(values=(1, 2), mode=Mode.INCLUDE),
        DateRange(after=datetime(2025, 1, 1, 12, 0, 0, 120000, tzinfo=UTC)),
        DateRange(),
        TextFilter(text="a"),
        TextFilter(text="a", match_mode=MatchMode.STRICT),
    ],
    ids=repr,
)
def test_it_stores_filters_as_json(found: ValueRestriction | DateRange | TextFilter) -> None:
    assert type(found).from_json(found.to_json()) == found


def test_it_writes_filters_as_clients_do() -> None:
    body = {
        "name": "acme",
        "code": "a-1",
        "kinds": {"values": ["a", ""], "mode": "EXCLUDE", "matchMode": "ENDS_WITH", "ignoreCase": True},
        "colours": {"values": ["RED"], "mode": "INCLUDE"},
        "ids": {"values": [12], "mode": "INCLUDE"},
        "date": {"after": "2025-06-01T12:00:00Z", "before": None},
    }
    assert _Search(_read(**body)).data == body
