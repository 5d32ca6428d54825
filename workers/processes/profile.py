"""What a process promises to those who order it."""

from dataclasses import dataclass
from enum import StrEnum

from workers.processes.forecasts import DurationForecast, SizeForecast


class Scope(StrEnum):
    """What one execution is for."""

    #: One execution for all features of a suborder.
    SUBORDER = "SUBORDER"
    #: One execution for each feature.
    FEATURE = "FEATURE"


class Cardinality(StrEnum):
    """How many files an execution makes."""

    ONE_PER_EXECUTION = "ONE_PER_EXECUTION"
    ONE_PER_FEATURE = "ONE_PER_FEATURE"
    ONE_PER_INPUT_FILE = "ONE_PER_INPUT_FILE"


class DataType(StrEnum):
    """Kinds of files of a feature."""

    RAWDATA = "RAWDATA"
    QUICKLOOK_SD = "QUICKLOOK_SD"
    QUICKLOOK_MD = "QUICKLOOK_MD"
    QUICKLOOK_HD = "QUICKLOOK_HD"
    DOCUMENT = "DOCUMENT"
    THUMBNAIL = "THUMBNAIL"
    OTHER = "OTHER"
    AIP = "AIP"
    DESCRIPTION = "DESCRIPTION"


class SizeLimitType(StrEnum):
    """What is counted to say that an execution gets too much."""

    NO_LIMIT = "NO_LIMIT"
    FILES = "FILES"
    FEATURES = "FEATURES"
    BYTES = "BYTES"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessProfile:
    """The promises of a configured process."""

    scope: Scope
    cardinality: Cardinality
    data_types: tuple[DataType, ...]
    limit_type: SizeLimitType
    #: 0 when there is no limit.
    limit: int
    size_forecast: SizeForecast
    duration_forecast: DurationForecast
    forbids_split: bool = False

    def to_info(self, *, tenant: str, role: str) -> dict[str, str]:
        """Return the map ``processInfo`` of the contract: all its values are texts."""
        limit_type = self.limit_type if self.limit else SizeLimitType.NO_LIMIT
        return {
            "scope": self.scope.value,
            "cardinality": self.cardinality.value,
            "datatypes": ",".join(kind.value for kind in self.data_types),
            "sizeLimitType": limit_type.value,
            "sizeLimitValue": str(self.limit),
            "sizeForecast": str(self.size_forecast),
            "forbidSplitInSuborders": "true" if self.forbids_split else "false",
            "regards.tenant": tenant,
            "regards.userRole": role,
        }
