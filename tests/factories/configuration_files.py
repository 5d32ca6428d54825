"""Configuration files of REGARDS."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from regards_processing.kernel.configuration.report import ImportReport
from regards_processing.kernel.configuration.services import import_configuration
from regards_processing.kernel.dynamic_settings.items import KEY as SETTING_KEY
from regards_processing.kernel.tenancy.models import Tenant
from tests.factories.audit import ADA
from tests.factories.worker_manager import AT
from worker_manager.configuration.worker_items import KEY as WORKER_KEY
from worker_manager.configuration.workflow_items import KEY as WORKFLOW_KEY
from worker_manager.module import MODULE

Item = Mapping[str, Any]
#: Key of what works at a step: one worker type, or several in parallel.
_WORKERS: Final = ("workerType", "workerTypes")


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
    """Return the item of a workflow; a step of several worker types is given as their list."""
    listed = [{"stepNumber": number, _WORKERS[type(workers) is list]: workers} for number, workers in steps]
    return {"key": WORKFLOW_KEY, "value": {"workflowType": workflow_type, "steps": listed} | others}


def a_file(*items: Item, reset: bool = False, module: str = "workermanager") -> bytes:
    """Return a file with one module."""
    content = {"module": {"id": module}, "resetBeforeImport": reset, "configuration": items}
    return json.dumps({"microservice": "rs-worker-manager", "modules": [content]}).encode()


def import_file(tenant: Tenant, document: bytes) -> list[ImportReport]:
    """Import a file into a tenant of the worker manager."""
    return import_configuration(module=MODULE, tenant=tenant, document=document, actor=ADA, at=AT)


def import_items(tenant: Tenant, *items: Item, reset: bool = False) -> ImportReport:
    """Import items into a tenant of the worker manager."""
    (report,) = import_file(tenant, a_file(*items, reset=reset))
    return report
