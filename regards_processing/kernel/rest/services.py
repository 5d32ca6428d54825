"""The services that the platform offers by REST."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as the gateway knows it; its endpoints live under ``/api/v1/<name>/``."""

    name: str
    #: The module of its configuration file.
    module_id: str


RS_PROCESSING: Final = Service(name="rs-processing", module_id="processing")
RS_WORKER_MANAGER: Final = Service(name="rs-worker-manager", module_id="workermanager")
SERVICES: Final = (RS_PROCESSING, RS_WORKER_MANAGER)
