"""Settings stand in configuration files with their value as JSON, plain or inside a string."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from regards_processing.kernel.configuration.faults import InvalidItem
from regards_processing.kernel.dynamic_settings.definitions import MASK
from regards_processing.kernel.dynamic_settings.items import SettingItem, SettingItems
from tests.fakes.configured_service import FIXED, GREETING, PASSWORD, a_setting

_KIND = SettingItems((GREETING, PASSWORD, FIXED))


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("fixed", "[1, 2]", [1, 2]),
        ("fixed", [1, 2], [1, 2]),
        ("greeting", '"hi"', "hi"),
        ("greeting", "hi", "hi"),
        ("password", MASK, MASK),
    ],
)
def test_it_reads_both_forms_of_a_value(name: str, given: Any, value: Any) -> None:
    item = a_setting(name, given)["value"]
    assert Draft202012Validator(_KIND.schema).is_valid(item)
    read = _KIND.read(item)
    assert isinstance(read, SettingItem)
    assert (read.definition.name, read.value) == (name, value)


@pytest.mark.parametrize(
    ("value", "field", "cause"),
    [
        (
            {"name": "other", "value": "[]"},
            "name",
            "There is no setting 'other'; settings of this service: greeting, password, fixed",
        ),
        ({"name": "greeting"}, "value", "Setting greeting needs a value"),
        (
            {"name": "fixed", "value": "{"},
            "value",
            "Setting fixed is refused: '{' is not of type 'array' at value",
        ),
        (
            {"name": "fixed", "value": '{"a":1}'},
            "value",
            "Setting fixed is refused: {'a': 1} is not of type 'array' at value",
        ),
        ({"name": "fixed", "value": "[" * 9999}, "value", None),
        (
            {"name": "fixed", "value": [], "description": 7},
            "description",
            "7 is not of type 'string', 'null' at description",
        ),
    ],
)
def test_it_says_what_is_wrong_with_a_setting(value: dict[str, Any], field: str, cause: str | None) -> None:
    with pytest.raises(InvalidItem) as refused:
        _KIND.read(value)
    (fault,) = refused.value.faults
    assert fault.field == field
    assert fault.text.startswith(
        f"Failed to import dynamic tenant setting with name '{value['name']}'. Cause: {cause or ''}"
    )


def test_it_says_what_is_allowed() -> None:
    with pytest.raises(InvalidItem) as unknown:
        _KIND.read({"name": "\ud800"})
    with pytest.raises(InvalidItem) as wrong:
        _KIND.read({"name": "fixed", "value": 7})
    assert unknown.value.faults[0].allowed == "greeting, password, fixed"
    assert "with name '?'" in unknown.value.faults[0].text
    assert wrong.value.faults[0].allowed == '{"type": "array"}, as it is or inside a string'


@pytest.mark.parametrize(
    "value", [{}, {"name": "greeting"}, {"name": "other", "value": 1}, {"name": "greeting", "value": 7}]
)
def test_its_schema_refuses_what_it_refuses(value: dict[str, Any]) -> None:
    assert not Draft202012Validator(_KIND.schema).is_valid(value)
    with pytest.raises(InvalidItem):
        _KIND.read(value)
