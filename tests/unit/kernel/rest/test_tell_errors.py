"""What is said of errors."""

import uuid
from typing import Any

from rest_framework import serializers

from regards_processing.kernel.rest import errors
from regards_processing.kernel.rest.filter_serializers import TextRestrictionSerializer


class _Inner(serializers.Serializer[Any]):
    size = serializers.IntegerField(max_value=9)


class _Outer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=2)
    inner = _Inner()
    others = _Inner(many=True, required=False)
    names = serializers.ListField(child=serializers.CharField(max_length=2), required=False)
    kinds = TextRestrictionSerializer(required=False)

    def validate_name(self, value: str) -> str:
        if value == "no":
            raise serializers.ValidationError(["It is no.", "It is never."])
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["name"] == "x":
            raise serializers.ValidationError("All is wrong.")
        return attrs


def _told(**body: Any) -> list[str]:
    serializer = _Outer(data={"name": "a", "inner": {"size": 1}} | body)
    serializer.is_valid()
    return errors.violations(serializer.errors)


def test_it_names_the_field_of_each_rule() -> None:
    assert _told(name="abc", inner={"size": "x"}) == [
        "name: Ensure this field has no more than 2 characters.",
        "inner.size: A valid integer is required.",
    ]


def test_it_tells_each_rule_of_a_field() -> None:
    assert _told(name="no") == ["name: It is no.", "name: It is never."]


def test_it_numbers_the_elements_of_lists() -> None:
    assert _told(others=[{"size": 1}, {"size": 10}], names=["a", "abc"]) == [
        "others[1].size: Ensure this value is less than or equal to 9.",
        "names[1]: Ensure this field has no more than 2 characters.",
    ]


def test_it_names_no_field_for_a_rule_about_the_whole_body() -> None:
    assert _told(name="x") == ["All is wrong."]


def test_it_does_not_name_a_field_twice() -> None:
    assert _told(kinds={"values": [], "mode": "INCLUDE"}) == [
        "Invalid search value restriction on kinds. Forbidden empty list of values with include mode."
    ]


def test_it_stops_after_many_texts() -> None:
    told = _told(names=["abc"] * 250)
    assert (len(told), told[-1]) == (101, "… and 150 more")


def test_it_says_what_nobody_foresaw_in_the_words_of_the_contract() -> None:
    assert errors.unexpected(KeyError("x")) == (
        "An unexpected error occurred, please consult the microservice log for more information. "
        "Cause: KeyError, message: 'x'"
    )


def test_it_tells_clients_of_the_worker_manager_in_one_form() -> None:
    assert errors.body(["a", "b"], path="/api/v1/rs-worker-manager/x") == {"messages": ["a", "b"]}


def test_it_tells_clients_of_processing_in_both_forms() -> None:
    body = errors.body(["a", "b"], path="/api/v1/rs-processing/x")
    assert (body["messages"], body["message"]) == (["a", "b"], "a; b")
    assert str(uuid.UUID(body["errorId"])) == body["errorId"]
    assert body["time"].tzinfo
