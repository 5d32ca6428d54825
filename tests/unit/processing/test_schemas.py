"""The published JSON Schema of rs-processing says what the code does."""

from pathlib import Path

from jsonschema import Draft202012Validator

from regards_processing.kernel.configuration.envelope import to_text
from regards_processing.kernel.configuration.file_schema import file_schema
from regards_processing.processing.module import MODULE

_PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "configuration-file.rs-processing.schema.json"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(file_schema(MODULE))


def test_it_is_published_as_it_is() -> None:
    assert _PUBLISHED.read_text("utf-8") == to_text(file_schema(MODULE))
