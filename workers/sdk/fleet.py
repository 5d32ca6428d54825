"""What a worker process runs and with what: fixed when the process starts."""

from dataclasses import dataclass

from workers.sdk.announcer import Announcer
from workers.sdk.config import WorkerConfig
from workers.sdk.declare import WorkerType
from workers.sdk.stopping import Stopping


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The worker types of one process and their surroundings."""

    config: WorkerConfig
    types: tuple[WorkerType, ...]
    announcer: Announcer
    stopping: Stopping
