"""Plugin configurations and rights as values: what is read from bodies and files, and written there. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from workers.processes.parameters import ParameterType

Json = Mapping[str, Any]

MAX_BUSINESS_ID: Final = 36
#: What a database stores as a whole number.
MAX_CONCURRENT: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredParameter:
    """A parameter as a configuration has it."""

    name: str
    type: ParameterType
    value: Any = None
    #: Whether an order may give another value.
    dynamic: bool = False
    #: The values that an order may give; any of the type when empty.
    dynamic_values: tuple[Any, ...] = ()

    @classmethod
    def from_json(cls, stored: Json) -> "StoredParameter":
        """Read back what `to_json` wrote."""
        return cls(
            name=stored["name"],
            type=ParameterType(stored["type"]),
            value=stored.get("value"),
            dynamic=stored.get("dynamic", False),
            dynamic_values=tuple(stored.get("dynamicsValues") or ()),
        )

    def to_json(self) -> dict[str, Any]:
        """Write it as the contract does."""
        value = {} if self.value is None else {"value": self.value}
        choices = {"dynamicsValues": list(self.dynamic_values)} if self.dynamic_values else {}
        return {"name": self.name, "type": self.type.value, **value, "dynamic": self.dynamic, **choices}


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginValues:
    """A plugin configuration, as somebody wants it or as it is."""

    plugin_id: str
    label: str
    #: ``None`` while nobody has given it one.
    business_id: str | None = None
    #: ``None`` for that of the plugin.
    version: str | None = None
    priority_order: int = 0
    active: bool = True
    parameters: tuple[StoredParameter, ...] = ()
    icon_url: str | None = None
    #: Technical id, of one that is stored.
    pk: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Write it as the contract does, absent fields left out."""
        fields = {
            "id": self.pk,
            "pluginId": self.plugin_id,
            "label": self.label,
            "businessId": self.business_id,
            "version": self.version,
            "priorityOrder": self.priority_order,
            "active": self.active,
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "iconUrl": self.icon_url,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who may order a process, and for which datasets."""

    role: str
    datasets: tuple[str, ...] = ()
    linked_to_all_datasets: bool = False
    #: Executions that may be with fleets at once, 0 for any number; ``None`` leaves that as it is. Ours.
    max_concurrent: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Write them as the contract does; what is ours only where it says something."""
        limit = {"maxConcurrentExecutions": self.max_concurrent} if self.max_concurrent else {}
        return {
            "role": self.role,
            "datasets": list(self.datasets),
            "isLinkedToAllDatasets": self.linked_to_all_datasets,
            **limit,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredProcess:
    """A process as it is stored."""

    process_id: UUID
    plugin: PluginValues
    rights: Rights

    def to_json(self) -> dict[str, Any]:
        """Write it as the contract does."""
        return {"pluginConfiguration": self.plugin.to_json(), "rights": self.rights.to_json()}
