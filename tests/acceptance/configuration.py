"""Configuration files of the worker manager, as an operator writes them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_WORKER = "fr.cnes.regards.modules.workermanager.dto.WorkerConfigDto"
_WORKFLOW = "fr.cnes.regards.modules.workermanager.dto.WorkflowConfigDto"
_SETTING = "fr.cnes.regards.framework.modules.tenant.settings.domain.DynamicTenantSetting"

Item = Mapping[str, Any]


def worker(
    worker_type: str, content_type: str, *, output: str = "json", keep_errors: bool = True, **others: object
) -> Item:
    value = {
        "workerType": worker_type,
        "contentTypeInputs": [content_type],
        "contentTypeOutput": output,
        "keepErrors": keep_errors,
    }
    return {"key": _WORKER, "value": value | others}


def workflow(workflow_type: str, *worker_types: str, keep_errors: bool = True) -> Item:
    """Return a workflow whose steps are numbered 10, 20, 30…."""
    steps = [{"stepNumber": 10 * at, "workerType": name} for at, name in enumerate(worker_types, 1)]
    value = {"workflowType": workflow_type, "keepErrors": keep_errors, "steps": steps}
    return {"key": _WORKFLOW, "value": value}


def parallel(workflow_type: str, first: str, members: Sequence[str], last: str) -> Item:
    """Return a workflow whose second step has several worker types; the last one takes ``echo``."""
    steps = [
        {"stepNumber": 10, "workerType": first},
        {"stepNumber": 20, "workerTypes": list(members), "contentTypeOutput": "echo"},
        {"stepNumber": 30, "workerType": last},
    ]
    return {"key": _WORKFLOW, "value": {"workflowType": workflow_type, "steps": steps}}


def choosy(workflow_type: str, first: str, *others: tuple[str, str]) -> Item:
    """Return a workflow whose later steps are each taken after one value of the header ``acme.step``."""
    later = [
        {"stepNumber": 10 * at, "workerType": name, "onlyIf": {"header": "acme.step", "in": [value]}}
        for at, (name, value) in enumerate(others, 2)
    ]
    steps = [{"stepNumber": 10, "workerType": first}, *later]
    return {"key": _WORKFLOW, "value": {"workflowType": workflow_type, "steps": steps}}


def looped(workflow_type: str, first: str, second: str, last: str) -> Item:
    """Return a workflow whose first two steps are gone through three times, and whose headers are kept."""
    again = {"from": 10, "while": {"header": "acme.step", "in": ["b"]}, "most": 3, "goOn": True}
    steps = [
        {"stepNumber": 10, "workerType": first},
        {"stepNumber": 20, "workerType": second, "repeat": again},
        {"stepNumber": 30, "workerType": last},
    ]
    return {"key": _WORKFLOW, "value": {"workflowType": workflow_type, "keepHeaders": True, "steps": steps}}


def skipped(*content_types: str) -> Item:
    return {"key": _SETTING, "value": {"name": "skipContentTypes", "value": json.dumps(content_types)}}


def document(items: Sequence[Item]) -> str:
    """Return the file; what is configured already stays."""
    module = {"module": {"id": "workermanager"}, "resetBeforeImport": False, "configuration": list(items)}
    return json.dumps({"microservice": "rs-worker-manager", "modules": [module]})


#: What every platform of the acceptance tests starts with: worker types of our fleets, then those that no
#: fleet runs, then workflows. A type's output is the next type's input.
ITEMS: Sequence[Item] = (
    worker("accept-echo", "echo"),
    worker("accept-Nothing", "nothing"),
    worker("accept-stamp-a", "a", output="b"),
    worker("accept-stamp-b", "b", output="c"),
    worker("accept-stamp-c", "c", output="d"),
    worker("accept-late", "d", output="e"),
    worker("accept-binary", "binary", output="foreign-middle"),
    worker("foreign-middle", "foreign-middle", output="inspect"),
    worker("accept-inspect", "inspect"),
    worker("accept-heavy-a", "heavy-a", output="heavy-b"),
    worker("accept-heavy-b", "heavy-b", output="heavy-c"),
    worker("accept-heavy-c", "heavy-c"),
    worker("accept-slow", "slow"),
    worker("accept-interrupted", "interrupted", policy={"maxAttempts": 1}),
    worker("accept-endure", "endure", policy={"maxAttempts": 2}),
    worker("accept-raise", "raise"),
    worker("accept-picky", "picky", keep_errors=False),
    worker("accept-postpone", "postpone"),
    worker("accept-kill", "kill"),
    worker("accept-mend", "e"),
    worker(
        "accept-stuck",
        "stuck",
        policy={"runTimeout": 1, "maxAttempts": 2, "backoff": {"kind": "fixed", "delay": 0.5}},
    ),
    worker("foreign-single", "foreign-single"),
    worker("foreign-rejecting", "foreign-rejecting"),
    worker("foreign-answering", "foreign-answering"),
    worker("foreign-waking", "foreign-waking"),
    worker("foreign-beating", "foreign-beating"),
    worker("foreign-past", "foreign-past"),
    worker("foreign-future", "foreign-future"),
    workflow("mended-at-step-two", "accept-late", "accept-mend"),
    workflow("three-heavy-steps", "accept-heavy-a", "accept-heavy-b", "accept-heavy-c"),
    workflow("three-steps", "accept-stamp-a", "accept-stamp-b", "accept-stamp-c"),
    choosy("choosy", "accept-stamp-a", ("accept-stamp-b", "z"), ("accept-stamp-c", "a")),
    looped("looped", "accept-stamp-a", "accept-stamp-b", "accept-stamp-c"),
    parallel("in-parallel", "accept-stamp-a", ("accept-stamp-b", "accept-stamp-b"), "accept-echo"),
    workflow("with-late-step", "accept-stamp-a", "accept-stamp-b", "accept-stamp-c", "accept-late"),
    workflow("foreign-in-the-middle", "accept-binary", "foreign-middle", "accept-inspect"),
    workflow("unkept", "accept-binary", "foreign-middle", keep_errors=False),
    skipped("noise"),
)
