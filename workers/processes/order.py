"""What every plugin for orders has in common: its parameters, and what they promise."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, TypeVar

from workers.processes.forecasts import DurationForecast, SizeForecast, UnparsableForecast
from workers.processes.parameters import ParameterDescriptor, ParameterType
from workers.processes.plugin import InvalidParameters, ProcessPlugin
from workers.processes.profile import Cardinality, DataType, ProcessProfile, Scope, SizeLimitType

Parsed = TypeVar("Parsed")

DURATION_FORECAST: Final = "durationForecast"
SIZE_FORECAST: Final = "sizeForecast"
ADD_METADATA: Final = "addMetadata"

PARAMETERS: Final = (
    ParameterDescriptor(
        name=DURATION_FORECAST,
        label="Duration forecast",
        description="How long an execution takes: 10s, 5min, 4h, 2d, or by size of the input: 10s/m, 4h/g",
    ),
    ParameterDescriptor(
        name=SIZE_FORECAST,
        label="Size forecast",
        description="How much an execution makes: 300b, 1.5k, 3m, 2g, or a multiple of the input: *0.25",
    ),
    ParameterDescriptor(
        name=ADD_METADATA,
        label="Add metadata",
        description="Put the metadata of each feature beside its files",
        type=ParameterType.BOOLEAN,
        default="false",
    ),
    ParameterDescriptor(
        name="requiredDataTypes",
        label="Required data types",
        description=f"Kinds of files to process, between commas: {', '.join(DataType)}",
        default=DataType.RAWDATA.value,
    ),
    ParameterDescriptor(
        name="scope",
        label="Scope",
        description="One execution for each SUBORDER, or for each FEATURE",
        default=Scope.SUBORDER.value,
        choices=tuple(Scope),
    ),
    ParameterDescriptor(
        name="cardinality",
        label="Cardinality",
        description="How many files an execution makes",
        default=Cardinality.ONE_PER_FEATURE.value,
        choices=tuple(Cardinality),
    ),
    ParameterDescriptor(
        name="maxFeaturesInInput",
        label="Most features",
        description="Most features that one execution gets; 0 for no limit",
        type=ParameterType.LONG,
        default="0",
    ),
    ParameterDescriptor(
        name="forbidSplitInSubOrders",
        label="Forbid split in suborders",
        description="Refuse orders that would need several executions",
        type=ParameterType.BOOLEAN,
        default="false",
        # As documentation and user interface write it.
        aliases=("forbidSplitInSuborders",),
    ),
)


class OrderPlugin(ProcessPlugin):
    """Base of plugins that orders use: theirs are `PARAMETERS` and those that they add."""

    counts_outputs: ClassVar[bool] = True

    @classmethod
    def profile(cls, parameters: Mapping[str, Any]) -> ProcessProfile:
        """Return what a process with these values promises."""
        faults: dict[str, str] = {}
        duration = _parsed(DURATION_FORECAST, parameters, DurationForecast.parse, faults)
        size = _parsed(SIZE_FORECAST, parameters, SizeForecast.parse, faults)
        limit = parameters["maxFeaturesInInput"]
        if limit < 0:
            faults["maxFeaturesInInput"] = f"maxFeaturesInInput is {limit}: 0 or more is expected"
        faults.update(cls.own_faults(parameters))
        if faults or duration is None or size is None:
            raise InvalidParameters(faults)
        return ProcessProfile(
            scope=Scope(parameters["scope"]),
            cardinality=Cardinality(parameters["cardinality"]),
            data_types=tuple(_data_types(parameters["requiredDataTypes"])),
            limit_type=SizeLimitType.FEATURES,
            limit=limit,
            size_forecast=size,
            duration_forecast=duration,
            forbids_split=parameters["forbidSplitInSubOrders"],
        )

    @classmethod
    def own_faults(cls, parameters: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG003 (for subclasses)
        """Return what is wrong with the values of the plugin's own parameters: parameter → text."""
        return {}


def _parsed(
    name: str, parameters: Mapping[str, Any], parse: Callable[[str], Parsed], faults: dict[str, str]
) -> Parsed | None:
    try:
        return parse(parameters[name])
    except UnparsableForecast as error:
        faults[name] = f"{name}: {error}"
        return None


def _data_types(text: str) -> Iterator[DataType]:
    """Read the kinds of files; names that are none are passed over, as in the reference."""
    known = {kind.value: kind for kind in DataType}
    for name in text.split(","):
        if name.strip() in known:
            yield known[name.strip()]
