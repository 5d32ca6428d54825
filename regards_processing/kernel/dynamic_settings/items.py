"""Tenant settings as items of a configuration file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from regards_processing.kernel.audit.storable import storable_text
from regards_processing.kernel.configuration.faults import Fault, InvalidItem, Value
from regards_processing.kernel.configuration.items import Importing, Item, Refusals
from regards_processing.kernel.dynamic_settings.definitions import (
    Definition,
    InvalidSetting,
    SettingNotModifiable,
    UnknownSetting,
    find_definition,
)
from regards_processing.kernel.dynamic_settings.services import forget_values, read_settings, store_value
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.tenancy.models import Tenant

KEY: Final = "fr.cnes.regards.framework.modules.tenant.settings.domain.DynamicTenantSetting"
#: Only name and value count. The others inform, and are of these types when they are there.
_INFORMATIVE: Final[Mapping[str, Value]] = {
    "description": {"type": ["string", "null"]},
    "className": {"type": ["string", "null"]},
    "containsSensitiveParameters": {"type": ["boolean", "null"]},
    "defaultValue": {"description": "The default, as JSON inside a string."},
}
_INFORMATIVE_TYPES: Final = Draft202012Validator({"properties": _INFORMATIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingItem:
    """A setting and the value that it shall have."""

    definition: Definition
    value: Any


@dataclass(frozen=True, slots=True)
class SettingItems:
    """The items that set tenant settings."""

    definitions: Sequence[Definition]

    @property
    def key(self) -> str:
        """The class name that REGARDS gives to settings."""
        return KEY

    @property
    def schema(self) -> Value:
        """JSON Schema of a setting: what its value must be depends on its name."""
        names = [definition.name for definition in self.definitions]
        return {
            "type": "object",
            "required": ["name", "value"],
            "properties": {"name": {"enum": names}, "value": {}, **_INFORMATIVE},
            "allOf": [_schema_of(definition) for definition in self.definitions],
        }

    @property
    def tells_unknown_fields(self) -> bool:
        """Nothing but name and value counts."""
        return False

    def read(self, value: Value) -> SettingItem:
        """Read a setting; its value is JSON, as it is or inside a string.

        Raises:
            InvalidItem: there is no such setting, or it cannot have this value.
        """
        name, given = value.get("name"), _decoded(value.get("value"))
        wrong = [_wrong_type(error) for error in _INFORMATIVE_TYPES.iter_errors(value)]
        if wrong:
            raise InvalidItem(*(_fault(name, error, field=field) for field, error in wrong))
        try:
            definition = find_definition(definitions=self.definitions, name=str(name))
            if not definition.is_mask(given):
                definition.check_shape(given)
        except UnknownSetting as error:
            names = ", ".join(definition.name for definition in self.definitions)
            raise InvalidItem(_fault(name, error, field="name", allowed=names)) from error
        except InvalidSetting as error:
            allowed = f"{json.dumps(definition.schema)}, as it is or inside a string"
            raise InvalidItem(_fault(name, error, field="value", allowed=allowed)) from error
        return SettingItem(definition=definition, value=given)

    def store(self, *, importing: Importing, items: Sequence[Item[SettingItem]]) -> Refusals:
        """Store the values that fit what is stored already."""
        refusals: Refusals = {}
        for item in items:
            wanted = item.content
            try:
                store_value(tenant=importing.tenant, definition=wanted.definition, value=wanted.value)
            except (InvalidSetting, SettingNotModifiable) as error:
                refusals[item.position] = [_fault(wanted.definition.name, error, field="value")]
        return refusals

    def reset(self, *, tenant: Tenant, at: datetime) -> Sequence[str]:  # noqa: ARG002 (of every kind)
        """Let the defaults hold again."""
        forget_values(tenant=tenant, definitions=self.definitions)
        return ()

    def exported(self, *, tenant: Tenant) -> Iterable[Value]:
        """Return every setting that a file may change, values as JSON inside a string."""
        definitions = [definition for definition in self.definitions if definition.modifiable]
        for setting in read_settings(tenant=tenant, definitions=definitions):
            definition = setting.definition
            if definition.ours and not setting.changed:
                continue
            yield {
                "name": definition.name,
                "description": definition.description,
                "value": json.dumps(setting.value, ensure_ascii=False),
                "defaultValue": json.dumps(definition.default, ensure_ascii=False),
                "className": definition.class_name,
                "containsSensitiveParameters": definition.sensitive,
            }


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _wrong_type(error: ValidationError) -> tuple[str, InvalidSetting]:
    field = error.json_path.removeprefix("$.")
    return field, InvalidSetting(f"{error.message} at {field}")


def _schema_of(definition: Definition) -> Value:
    inside_a_string = {
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": definition.schema,
    }
    value = {"description": definition.description, "anyOf": [definition.schema, inside_a_string]}
    return {
        "if": {"properties": {"name": {"const": definition.name}}},
        "then": {"properties": {"value": value}},
    }


def _fault(name: object, error: DomainError, *, field: str, allowed: str = "") -> Fault:
    shown = storable_text(name)
    text = f"Failed to import dynamic tenant setting with name '{shown}'. Cause: {error}"
    return Fault(text=text, field=field, allowed=allowed)
