"""JSON Schemas of the items of a configuration file: what they refuse, reading refuses as well."""

from typing import Any, Final

from regards_processing.kernel.configuration.faults import Value
from regards_processing.processing.plugin_values import MAX_CONCURRENT
from workers.processes.parameters import ParameterType

_NAME: Final = {"type": "string", "minLength": 1, "maxLength": 255}
_PARAMETER: Final[dict[str, Any]] = {
    "type": ["object", "null"],
    "required": ["name", "type"],
    "properties": {
        "name": _NAME,
        "type": {"enum": [kind.value for kind in ParameterType]},
        "value": {"description": "Of the kind that `type` names."},
        "dynamic": {
            "type": ["boolean", "null"],
            "default": False,
            "description": "An order may give another value.",
        },
        "dynamicsValues": {
            "type": ["array", "null"],
            "description": "The values that an order may give; any when empty.",
        },
    },
}
PLUGIN_SCHEMA: Final[Value] = {
    "type": "object",
    "description": "A plugin, with values for its parameters.",
    "required": ["pluginId", "label", "businessId"],
    "properties": {
        "pluginId": {"type": "string", "minLength": 1, "maxLength": 128},
        "label": _NAME,
        "businessId": {
            "type": "string",
            "pattern": "^[0-9a-zA-Z_-]{1,36}$",
            "description": "A UUID, to make a process of it.",
        },
        "version": {
            "type": ["string", "null"],
            "maxLength": 64,
            "description": "That of the plugin; the same when absent.",
        },
        "priorityOrder": {"type": ["integer", "null"], "default": 0},
        "active": {"type": ["boolean", "null"], "default": True},
        "parameters": {"type": ["array", "null"], "items": _PARAMETER},
        "iconUrl": {"type": ["string", "null"], "maxLength": 2048},
    },
}
RIGHTS_SCHEMA: Final[Value] = {
    "type": "object",
    "description": "Makes a process of a plugin configuration of the same file.",
    "required": ["pluginConfBid", "rights"],
    "properties": {
        "pluginConfBid": {"type": "string", "minLength": 1, "maxLength": 36},
        "rights": {
            "type": "object",
            "required": ["role", "datasets"],
            "properties": {
                "role": {"type": "string", "minLength": 1, "maxLength": 128},
                "datasets": {
                    "type": "array",
                    "items": {"type": ["string", "null"], "minLength": 1, "maxLength": 128},
                },
                "isLinkedToAllDatasets": {"type": ["boolean", "null"], "default": False},
                "maxConcurrentExecutions": {
                    "type": ["integer", "null"],
                    "minimum": 0,
                    "maximum": MAX_CONCURRENT,
                    "description": "Executions that may be with fleets at once; 0: any number.",
                },
            },
        },
    },
}
