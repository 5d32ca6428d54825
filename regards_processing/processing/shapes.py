"""The bodies of processing, as clients and files write them: checked, and read as values."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.fields import empty

from regards_processing.kernel.rest.fields import EnumField, ListField, TextField
from regards_processing.processing.models.process import MAX_DATASET
from regards_processing.processing.plugin_values import (
    MAX_BUSINESS_ID,
    MAX_CONCURRENT,
    PluginValues,
    Rights,
    StoredParameter,
)
from workers.processes.parameters import BadValue, ParameterType, check_value

_EXAMPLE: Final = {
    "pluginConfiguration": {
        "pluginId": "SimpleShellProcessPlugin",
        "label": "Crop",
        "version": "1.0.0-SNAPSHOT",
        "priorityOrder": 0,
        "active": True,
        "parameters": [
            {"name": "shellScript", "type": "STRING", "value": "/opt/crop.sh", "dynamic": False},
            {"name": "durationForecast", "type": "STRING", "value": "10s/m", "dynamic": False},
            {"name": "sizeForecast", "type": "STRING", "value": "*0.5", "dynamic": False},
        ],
    },
    "rights": {"role": "EXPLOIT", "datasets": [], "isLinkedToAllDatasets": True},
}


class ParameterSerializer(serializers.Serializer[Any]):
    """A parameter of a plugin configuration."""

    name = serializers.CharField(max_length=255)
    type = EnumField(ParameterType)
    value = serializers.JSONField(required=False, allow_null=True, help_text="Of the kind that `type` names")
    dynamic = serializers.BooleanField(
        default=False, allow_null=True, help_text="Whether an order may give another value"
    )
    dynamicsValues = ListField(  # noqa: N815 (the contract's name)
        child=serializers.JSONField(),
        required=False,
        allow_null=True,
        source="dynamic_values",
        help_text="The values that an order may give; any when empty",
    )

    def validate(self, attrs: Mapping[str, Any]) -> StoredParameter:
        """Return the parameter, if its values are of its type."""
        choices = tuple(attrs.get("dynamic_values") or ())
        given = {"value": [attrs.get("value")], "dynamicsValues": choices}
        faults = {name: _faults(attrs["type"], values) for name, values in given.items()}
        if any(faults.values()):
            raise serializers.ValidationError({name: texts for name, texts in faults.items() if texts})
        return StoredParameter(**{**_present(attrs), "dynamic_values": choices})


class PluginSerializer(serializers.Serializer[Any]):
    """A plugin configuration."""

    id = serializers.IntegerField(read_only=True, source="pk", required=False, help_text="Technical id")
    pluginId = serializers.CharField(max_length=128, source="plugin_id")  # noqa: N815 (the contract's name)
    label = serializers.CharField(max_length=255)  # type: ignore[assignment] # the contract's name; the metaclass takes it away
    businessId = serializers.RegexField(  # noqa: N815 (likewise)
        rf"\A[0-9a-zA-Z_-]{{1,{MAX_BUSINESS_ID}}}\Z",
        source="business_id",
        required=False,
        allow_null=True,
        help_text="Given by the service when absent; never changes",
    )
    version = serializers.CharField(
        max_length=64, required=False, allow_null=True, help_text="That of the plugin; the same when absent"
    )
    priorityOrder = serializers.IntegerField(  # noqa: N815 (likewise)
        default=0, allow_null=True, min_value=-(2**31), max_value=2**31 - 1, source="priority_order"
    )
    active = serializers.BooleanField(default=True, allow_null=True)
    parameters = ParameterSerializer(many=True, required=False, allow_null=True)
    iconUrl = TextField(max_length=2048, required=False, allow_null=True, source="icon_url")  # noqa: N815 (likewise)

    def validate(self, attrs: Mapping[str, Any]) -> PluginValues:
        """Return the configuration, if no parameter comes twice."""
        # Elements that are null are no elements: the contract reads lists so.
        parameters = tuple(each for each in attrs.get("parameters") or () if each is not None)
        names = [parameter.name for parameter in parameters]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise serializers.ValidationError({"parameters": f"Given twice: {', '.join(twice)}"})
        return PluginValues(**{**_present(attrs), "parameters": parameters})


class RightsSerializer(serializers.Serializer[Any]):
    """Who may order a process, and for which datasets."""

    role = serializers.CharField(max_length=128, help_text="Least role of those who may order it")
    datasets = ListField(
        child=serializers.CharField(max_length=MAX_DATASET),
        help_text="URNs of the datasets that it may be ordered for",
    )
    isLinkedToAllDatasets = serializers.BooleanField(  # noqa: N815 (the contract's name)
        required=False, default=False, allow_null=True, source="linked_to_all_datasets"
    )
    maxConcurrentExecutions = serializers.IntegerField(  # noqa: N815 (in the contract's style)
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MAX_CONCURRENT,
        source="max_concurrent",
        help_text="Executions that may be with fleets at once; 0: any number; absent: as it is. Ours",
    )

    def to_internal_value(self, data: Any) -> Any:
        """Read rights; the documentation of REGARDS calls one of them by another name."""
        if isinstance(data, Mapping) and data.get("isLinkedToAllDatasets") is None:
            data = {**data, "isLinkedToAllDatasets": data.get("linkedToAllDatasets")}
        return super().to_internal_value(data)

    def validate(self, attrs: Mapping[str, Any]) -> Rights:
        """Return the rights."""
        return Rights(
            role=attrs["role"],
            datasets=tuple(dict.fromkeys(attrs["datasets"])),
            linked_to_all_datasets=bool(attrs["linked_to_all_datasets"]),
            max_concurrent=attrs.get("max_concurrent"),
        )


class NewPluginSerializer(PluginSerializer):
    """A plugin configuration; with a `businessId` the one that is stored, and nothing else is looked at."""

    def run_validation(self, data: Any = empty) -> Any:
        """Return the configuration; of one that is stored, its business id alone."""
        given = data.get("businessId") if isinstance(data, Mapping) else None
        if given is None:
            return super().run_validation(data)
        try:
            business_id = self.fields["businessId"].run_validation(given)
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"businessId": error.detail}) from error
        # Plugin and label are those of the stored one, as all else is.
        return PluginValues(plugin_id="", label="", business_id=business_id)


@extend_schema_serializer(examples=[OpenApiExample("A program of the fleet's machine", _EXAMPLE)])
class ConfiguredProcessSerializer(serializers.Serializer[Any]):
    """A process: a plugin configuration, and who may order it."""

    pluginConfiguration = PluginSerializer(source="plugin")  # noqa: N815 (the contract's name)
    rights = RightsSerializer()


class NewProcessSerializer(ConfiguredProcessSerializer):
    """A process to be made."""

    pluginConfiguration = NewPluginSerializer(source="plugin")  # noqa: N815 (the contract's name)


class RightsItemSerializer(serializers.Serializer[Any]):
    """The rights of a process in a configuration file."""

    pluginConfBid = serializers.CharField(max_length=MAX_BUSINESS_ID, source="business_id")  # noqa: N815 (the contract's name)
    rights = RightsSerializer()


def _present(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given: a field that is null was not, and has its default."""
    return {name: value for name, value in attrs.items() if value is not None}


def _faults(kind: ParameterType, values: Sequence[Any]) -> list[str]:
    return [text for value in values if value is not None for text in _fault(kind, value)]


def _fault(kind: ParameterType, value: Any) -> list[str]:
    try:
        check_value(kind, value)
    except BadValue as error:
        return [str(error)]
    return []
