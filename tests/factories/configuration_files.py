"""Configuration files of REGARDS."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from worker_manager.configuration_file import SETTING_KEY, WORKER_KEY, WORKFLOW_KEY

Item = Mapping[str, Any]


def a_setting(*content_types: str, name: str = "skipContentTypes") -> Item:
    """Return the item of the setting ``skipContentTypes``."""
    return {"key": SETTING_KEY, "value": {"name": name, "value": json.dumps(content_types)}}


def a_worker(worker_type: str, *, inputs: Sequence[str] = ("unzip",), **others: object) -> Item:
    """Return the item of a worker type."""
    return {
        "key": WORKER_KEY,
        "value": {"workerType": worker_type, "contentTypeInputs": list(inputs)} | others,
    }


def a_workflow_item(workflow_type: str, *steps: tuple[object, object], **others: object) -> Item:
    """Return the item of a workflow."""
    listed = [{"stepNumber": number, "workerType": worker_type} for number, worker_type in steps]
    return {"key": WORKFLOW_KEY, "value": {"workflowType": workflow_type, "steps": listed} | others}


def a_file(*items: Item, reset: bool = False, module: str = "workermanager") -> bytes:
    """Return a file with one module."""
    content = {"module": {"id": module}, "resetBeforeImport": reset, "configuration": items}
    return json.dumps({"microservice": "rs-worker-manager", "modules": [content]}).encode()
