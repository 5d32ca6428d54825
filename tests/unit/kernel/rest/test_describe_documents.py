"""JSON Schemas as the description of the interface writes them."""

from typing import Any

import pytest

from regards_processing.kernel.rest.documents import as_openapi


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 3}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        (
            {"type": ["string", "array"]},
            {"anyOf": [{"type": "string"}, {"type": "array"}], "nullable": False},
        ),
        ({"const": "fixed"}, {"enum": ["fixed"]}),
        (
            {"properties": {"a": {"type": ["boolean", "null"]}}, "required": ["a"]},
            {"properties": {"a": {"type": "boolean", "nullable": True}}, "required": ["a"]},
        ),
        ({"oneOf": [{"const": 1}, {"type": "string"}]}, {"oneOf": [{"enum": [1]}, {"type": "string"}]}),
    ],
)
def test_it_writes_what_openapi_knows(schema: Any, written: Any) -> None:
    assert as_openapi(schema) == written
