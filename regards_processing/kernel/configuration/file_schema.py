"""The JSON Schema of a service's configuration file. Pure."""

from typing import Any, Final

from regards_processing.kernel.configuration.faults import Value
from regards_processing.kernel.configuration.modules import Module

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def file_schema(module: Module) -> Value:
    """Return the schema: editors that know it complete keys and fields, and mark what an import would refuse.

    It cannot know what is configured already; `import_configuration --check` does.
    """
    service = module.service
    return {
        "$schema": _DIALECT,
        "title": f"Configuration file of {service.name}",
        "type": "object",
        "required": ["modules"],
        "properties": {
            "microservice": {"type": "string", "description": "Informative.", "default": service.name},
            "modules": {"type": "array", "items": {"$ref": "#/$defs/part"}},
        },
        "$defs": {"part": _part(module), "item": _item(module)}
        | {_name(kind.key): dict(kind.schema) for kind in module.kinds},
    }


def _part(module: Module) -> dict[str, Any]:
    ours = {"properties": {"module": {"properties": {"id": {"const": module.service.module_id}}}}}
    return {
        "type": "object",
        "required": ["module"],
        "properties": {
            "module": {
                "type": "object",
                "description": "Only the id counts; modules of other services are passed over.",
                "required": ["id"],
                "properties": {"id": {"type": "string"}},
            },
            "resetBeforeImport": {
                "type": ["boolean", "null"],
                "default": False,
                "description": "Erase what is configured before the items are stored.",
            },
        },
        "if": ours,
        "then": {
            "properties": {"configuration": {"type": ["array", "null"], "items": {"$ref": "#/$defs/item"}}}
        },
    }


def _item(module: Module) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["key", "value"],
        "properties": {"key": {"enum": [kind.key for kind in module.kinds]}, "value": {"type": "object"}},
        "allOf": [
            {
                "if": {"properties": {"key": {"const": kind.key}}},
                "then": {"properties": {"value": {"$ref": f"#/$defs/{_name(kind.key)}"}}},
            }
            for kind in module.kinds
        ],
    }


def _name(key: str) -> str:
    return key.rpartition(".")[2]
