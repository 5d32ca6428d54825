"""What processing plugs into the platform: the items of its configuration file."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaError
from rest_framework.serializers import BaseSerializer

from regards_processing.kernel.configuration.faults import Fault, InvalidItem, Value
from regards_processing.kernel.configuration.items import Importing, Item, Refusals
from regards_processing.kernel.configuration.modules import Module
from regards_processing.kernel.rest.errors import violations
from regards_processing.kernel.rest.services import RS_PROCESSING
from regards_processing.kernel.tenancy.models import Tenant
from regards_processing.processing.configuration.schemas import PLUGIN_SCHEMA, RIGHTS_SCHEMA
from regards_processing.processing.plugin_values import PluginValues
from regards_processing.processing.services import configuration_import as services
from regards_processing.processing.services import quotas
from regards_processing.processing.services.configuration_import import RightsItem
from regards_processing.processing.shapes import PluginSerializer, RightsItemSerializer

#: Of a text about one rule: a message of the schema quotes the value.
_LONGEST_TEXT: Final = 500


def _read(shape: type[BaseSerializer[Any]], value: Value, schema: Value) -> Any:
    """Read a value as REST reads a body, but of the very types that the schema of files has.

    Raises:
        InvalidItem: it breaks a rule; every broken rule is named.
    """
    faults = [_schema_fault(error) for error in Draft202012Validator(schema).iter_errors(value)]
    serializer = shape(data=value)
    if not faults and not serializer.is_valid():
        faults = [_fault(text) for text in violations(serializer.errors)]
    if faults:
        raise InvalidItem(*faults)
    return serializer.validated_data


def _schema_fault(error: SchemaError) -> Fault:
    field = error.json_path.removeprefix("$").lstrip(".")
    text = f"{field}: {error.message}" if field else error.message
    return Fault(text=text[:_LONGEST_TEXT], field=field)


def _fault(text: str) -> Fault:
    field, colon, _ = text.partition(": ")
    return Fault(text=text, field=field if colon else "")


class PluginItems:
    """Items that configure plugins."""

    key: str = services.PLUGIN_KEY
    schema: Value = PLUGIN_SCHEMA
    #: Other services send what informs people.
    tells_unknown_fields: bool = False

    def read(self, value: Value) -> PluginValues:
        """Read a plugin configuration."""
        wanted: PluginValues = _read(PluginSerializer, value, self.schema)
        return wanted

    def store(self, *, importing: Importing, items: Sequence[Item[PluginValues]]) -> Refusals:
        """Store the configurations that fit their plugins."""
        return services.store_plugins(tenant=importing.tenant, items=items, at=importing.at)

    def reset(self, *, tenant: Tenant, at: datetime) -> Sequence[str]:  # noqa: ARG002 (of every kind)
        """Keep them: those of processes go with these, and others survive a reset."""
        return ()

    def exported(self, *, tenant: Tenant) -> Iterable[Value]:
        """Return all plugin configurations, active and with their secrets in clear."""
        return services.exported_plugins(tenant=tenant)


class RightsItems:
    """Items that make processes of plugin configurations."""

    key: str = services.RIGHTS_KEY
    schema: Value = RIGHTS_SCHEMA
    tells_unknown_fields: bool = False

    def read(self, value: Value) -> RightsItem:
        """Read the rights of a process."""
        read = _read(RightsItemSerializer, value, self.schema)
        return RightsItem(business_id=read["business_id"], rights=read["rights"])

    def store(self, *, importing: Importing, items: Sequence[Item[RightsItem]]) -> Refusals:
        """Make or change the processes whose plugin configuration is in the same file."""
        return services.store_rights(importing=importing, items=items)

    def reset(self, *, tenant: Tenant, at: datetime) -> Sequence[str]:
        """Delete all processes, with their plugin configurations."""
        return services.forget_processes(tenant=tenant, at=at)

    def exported(self, *, tenant: Tenant) -> Iterable[Value]:
        """Return the rights of all processes."""
        return services.exported_rights(tenant=tenant)


MODULE: Final = Module(
    service=RS_PROCESSING,
    name="Processing management module",
    description="Launching processes on data",
    version="1.6.0",
    author="REGARDS",
    legal_owner="CNES",
    documentation="https://regardsoss.github.io/",
    settings=quotas.DEFINITIONS,
    items=(PluginItems(), RightsItems()),
    export_resets=True,
)
