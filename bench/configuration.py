"""The platform's configuration during a benchmark: worker types that do nothing, and a workflow of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bench.noop import STEPS
from regards_processing.kernel.rest.services import RS_WORKER_MANAGER
from worker_manager.configuration.worker_items import KEY as WORKER_KEY
from worker_manager.configuration.workflow_items import KEY as WORKFLOW_KEY

#: Content types of requests: one step, three steps, and one whose worker type never consumes.
ONE_STEP: Final = "bench.0"
THREE_STEPS: Final = "bench.workflow"
SILENT: Final = "bench.silent"
#: Alive by its heartbeats only.
SILENT_TYPE: Final = "bench-silent"


def document() -> str:
    """Return the configuration file."""
    workers = [_worker(name, f"bench.{place}", f"bench.{place + 1}") for place, name in enumerate(STEPS)]
    return _document([*workers, _worker(SILENT_TYPE, SILENT, None), _workflow()])


def single_steps(worker_types: Iterable[str]) -> str:
    """Return a configuration file of worker types, each for the content type of its name."""
    return _document([_worker(name, name, None) for name in worker_types])


def _document(items: Sequence[Mapping[str, object]]) -> str:
    module = {"module": {"id": RS_WORKER_MANAGER.module_id}, "configuration": items}
    return json.dumps({"modules": [module]})


def _worker(name: str, takes: str, gives: str | None) -> dict[str, object]:
    value = {"workerType": name, "contentTypeInputs": [takes], "contentTypeOutput": gives}
    return {"key": WORKER_KEY, "value": {name: given for name, given in value.items() if given is not None}}


def _workflow() -> dict[str, object]:
    steps = [{"stepNumber": place, "workerType": name} for place, name in enumerate(STEPS)]
    return {"key": WORKFLOW_KEY, "value": {"workflowType": THREE_STEPS, "steps": steps}}
