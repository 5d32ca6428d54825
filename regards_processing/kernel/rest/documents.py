"""Bodies that a JSON Schema describes: whoever keeps the schema checks the value."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class DocumentSerializer(serializers.Serializer[Any]):
    """A JSON object that passes as it is."""

    #: What is said of it in the description of the interface.
    schema: ClassVar[Mapping[str, Any]] = {}

    def to_internal_value(self, data: Any) -> Mapping[str, Any]:
        """Return the object, unread."""
        if isinstance(data, Mapping):
            return data
        refused: Mapping[str, Any] = super().to_internal_value(data)
        return refused

    def to_representation(self, instance: Any) -> Any:
        """Return the object."""
        return instance


class DocumentShape(OpenApiSerializerExtension):  # type: ignore[no-untyped-call] # registers itself
    """Describes such a body by its schema."""

    target_class = "regards_processing.kernel.rest.documents.DocumentSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:  # noqa: ARG002 (the library's signature)
        """Return the schema, as OpenAPI 3.0 writes it."""
        described: dict[str, Any] = as_openapi(self.target.schema)
        return described


def as_openapi(schema: Any) -> Any:
    """Return a JSON Schema as OpenAPI 3.0 writes it: null is no type there, a constant a set of one."""
    if isinstance(schema, list | tuple):
        return [as_openapi(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    written = {name: as_openapi(part) for name, part in schema.items() if name != "const"}
    if "const" in schema:
        written["enum"] = [schema["const"]]
    if isinstance(written.get("type"), list):
        types = written.pop("type")
        named = [{"type": name} for name in types if name != "null"]
        written |= named[0] if len(named) == 1 else {"anyOf": named}
        written["nullable"] = "null" in types
    return written
