"""Fields follow the schema: what is shown, what is built, where faults go."""

from typing import Any

import pytest
from django import forms

from regards_processing.kernel.configuration.schema_fields import (
    built,
    field_of,
    filled,
    object_lists,
    properties,
    schema_fields,
)

_BACKOFF = {
    "type": ["object", "null"],
    "properties": {
        "kind": {"enum": ["fixed", "exponential", None], "default": "exponential"},
        "delay": {"type": ["number", "null"], "default": 10.0},
    },
}
_POLICY = {
    "type": ["object", "null"],
    "properties": {
        "maxAttempts": {"type": ["integer", "null"], "description": "Attempts."},
        "backoff": _BACKOFF,
        "retryOn": {"type": ["array", "null"], "items": {"enum": ["ERROR", "LOST"]}},
    },
}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "inputs": {"type": "array", "items": {"type": "string"}},
        "keepErrors": {"type": ["boolean", "null"], "default": True},
        "policy": _POLICY,
        "steps": {"type": "array", "items": {"anyOf": [{"properties": {"a": {"enum": [None]}}}]}},
    },
}
_ALTERNATIVES = {
    "anyOf": [
        {"properties": {"one": {"type": "string"}, "many": {"enum": [None]}}},
        {"properties": {"one": {"enum": [None]}, "many": {"type": "array", "items": {"type": "string"}}}},
    ]
}


class _Form(forms.Form):
    def __init__(self, data: dict[str, Any] | None = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.fields.update(schema_fields(_SCHEMA))


def _through_the_form(value: dict[str, Any]) -> dict[str, Any]:
    """Return what comes back when a stored value is shown and sent back untouched."""
    shown = _Form(initial=filled(_SCHEMA, value))
    # What a browser sends: blank fields and empty boxes are left out.
    sent = {field.html_name: field.value() for field in shown}
    form = _Form(
        {name: content for name, content in sent.items() if content is not None and content is not False}
    )
    assert form.is_valid(), form.errors
    return built(_SCHEMA, form.cleaned_data)


def test_it_has_a_field_for_each_key() -> None:
    assert list(schema_fields(_SCHEMA)) == [
        *("name", "inputs", "keepErrors"),
        *("policy.maxAttempts", "policy.backoff.kind", "policy.backoff.delay", "policy.retryOn"),
    ]


def test_it_keeps_objects_whole_where_rows_have_no_room() -> None:
    assert isinstance(schema_fields(_SCHEMA, nested=False)["policy"], forms.JSONField)


def test_it_names_and_explains_fields() -> None:
    fields = schema_fields(_SCHEMA)
    assert (fields["name"].required, fields["policy.maxAttempts"].required) == (True, False)
    assert (fields["policy.maxAttempts"].label, fields["policy.maxAttempts"].help_text) == (
        "Policy: max attempts",
        "Attempts.",
    )
    assert fields["policy.backoff.delay"].help_text == "Default: 10.0."
    assert fields["inputs"].help_text == "One a line."


def test_it_finds_arrays_of_objects() -> None:
    assert list(object_lists(_SCHEMA)) == ["steps"]


def test_it_knows_the_keys_of_all_alternatives() -> None:
    assert {key: part.get("type") for key, part in properties(_ALTERNATIVES).items()} == {
        "one": "string",
        "many": "array",
    }


@pytest.mark.parametrize(
    "value",
    [
        {"name": "a", "inputs": ["b", "c d"], "keepErrors": False},
        {"name": "a", "keepErrors": True, "policy": {"maxAttempts": 3}},
        {"name": "a", "keepErrors": True, "policy": {"retryOn": []}},
        {
            "name": "a",
            "keepErrors": True,
            "policy": {"retryOn": ["LOST"], "backoff": {"kind": "fixed", "delay": 0.0}},
        },
    ],
)
def test_it_gives_back_what_it_shows(value: dict[str, Any]) -> None:
    assert _through_the_form({**value, "inputs": ["x"]}) == {**value, "inputs": ["x"]}


def test_it_writes_out_the_defaults_of_an_object_that_is_there() -> None:
    value = {"name": "a", "inputs": ["x"], "policy": {"backoff": {}}}
    assert _through_the_form(value)["policy"] == {"backoff": {"kind": "exponential", "delay": 10.0}}


def test_it_leaves_out_what_is_blank() -> None:
    blank = {"name": "a", "inputs": "\n", "policy.maxAttempts": "", "policy.backoff.kind": ""}
    form = _Form(blank)
    assert form.is_valid()
    assert built(_SCHEMA, form.cleaned_data) == {"name": "a", "keepErrors": False}


def test_it_takes_nothing_or_values_but_not_both() -> None:
    form = _Form({"name": "a", "policy.retryOn": ["LOST", "none of these"]})
    assert not form.is_valid()
    assert form.errors["policy.retryOn"] == ["Tick values, or none of these"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("name", "name"),
        ("inputs[3]", "inputs"),
        ("policy.retryOn[0]", "policy.retryOn"),
        ("policy.backoff.kind", "policy.backoff.kind"),
        ("policy.unknown", None),
        ("", None),
    ],
)
def test_it_shows_a_fault_at_the_nearest_field(path: str, field: str | None) -> None:
    assert field_of(path, schema_fields(_SCHEMA)) == field
