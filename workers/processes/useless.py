"""`UselessProcessPlugin`: a process that does nothing, to try out what is around it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from workers.processes.forecasts import DurationForecast, SizeForecast
from workers.processes.job import ProcessJob
from workers.processes.metadata import PluginMetadata
from workers.processes.plugin import ProcessPlugin
from workers.processes.profile import Cardinality, DataType, ProcessProfile, Scope, SizeLimitType


class UselessProcessPlugin(ProcessPlugin):
    """Does nothing."""

    metadata: ClassVar[PluginMetadata] = PluginMetadata(
        plugin_id="UselessProcessPlugin",
        version="1.0.0-SNAPSHOT",
        description="Does nothing, for trials",
        class_name="fr.cnes.regards.modules.processing.testutils.servlet.UselessProcessPlugin",
        parameters=(),
    )

    @classmethod
    def profile(cls, parameters: Mapping[str, Any]) -> ProcessProfile:  # noqa: ARG003 (it has none)
        """Return the promises of nothing."""
        return ProcessProfile(
            scope=Scope.FEATURE,
            cardinality=Cardinality.ONE_PER_INPUT_FILE,
            data_types=(DataType.RAWDATA,),
            limit_type=SizeLimitType.FILES,
            limit=0,
            size_forecast=SizeForecast.parse("0b"),
            duration_forecast=DurationForecast.parse("1d"),
        )

    @classmethod
    def run(cls, job: ProcessJob) -> None:
        """Do nothing."""
