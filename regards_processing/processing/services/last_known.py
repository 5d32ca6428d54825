"""What a process was called and promised when it was last known: results say so when it is inactive."""

from dataclasses import dataclass
from typing import Final

from regards_processing.processing.models import Batch, Execution
from workers.processes.forecasts import DurationForecast, SizeForecast
from workers.processes.profile import Cardinality, DataType, ProcessProfile, Scope, SizeLimitType

#: What plugins for orders promise unless they are told otherwise: order services demand every key.
_UNLESS_TOLD: Final = ProcessProfile(
    scope=Scope.SUBORDER,
    cardinality=Cardinality.ONE_PER_FEATURE,
    data_types=(DataType.RAWDATA,),
    limit_type=SizeLimitType.NO_LIMIT,
    limit=0,
    size_forecast=SizeForecast.parse("*1"),
    duration_forecast=DurationForecast.parse("1d"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProcess:
    """Label of a process, and its map ``processInfo``."""

    name: str
    info: dict[str, str]


def process_of(batch: Batch) -> KnownProcess:
    """Return what the process of a batch was when the batch was opened.

    A batch of a release that did not note it has what the newest execution of the process has, or else what
    processes promise unless they are told otherwise.
    """
    if batch.process_info:
        return KnownProcess(name=batch.process_name, info=batch.process_info)
    executions = Execution.objects.for_tenant(batch.tenant).filter(process_id=batch.process_id)
    newest = (
        executions.exclude(process_info={}).order_by("-created", "pk").only("process_name", "process_info")
    )
    known = newest.first()
    if known is not None:
        return KnownProcess(name=known.process_name, info=known.process_info)
    return KnownProcess(name="", info=_UNLESS_TOLD.to_info(tenant=batch.tenant.name, role=batch.user_role))
