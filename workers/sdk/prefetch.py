"""How many messages a process takes in advance for each request that it can run at a time."""

from collections.abc import Sequence
from typing import Final

from workers.sdk.config import WorkerConfig
from workers.sdk.declare import WorkerType
from workers.sdk.errors import ConfigurationError

#: Seconds of work that are there when the last request ends, and the most messages that they may be.
_WORTH: Final = 2.0
_MOST: Final = 100


def prefetch_of(*, config: WorkerConfig, types: Sequence[WorkerType]) -> int:
    """Return the messages taken in advance: as configured, else by the declared length of the work.

    Raises:
        ConfigurationError: more than one is asked for, and work may be long: others would wait for it.
    """
    long = [entry.name for entry in types if entry.length.may_be_long]
    if long and config.prefetch > 1:
        raise ConfigurationError(
            f"WORKER_PREFETCH={config.prefetch}: long work is taken one by one ({', '.join(long)})"
        )
    largest = 1 if long else max(entry.bulk for entry in types)
    return max(config.prefetch or min(_by_length(entry.length.of_all) for entry in types), largest)


def _by_length(longest: float | None) -> int:
    return 1 if longest is None else max(1, min(_MOST, int(_WORTH / longest)))
