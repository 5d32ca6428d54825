"""The configuration file of REGARDS: its items, read and checked one by one. Pure; no database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from regards_processing.kernel.errors import DomainError
from worker_manager.texts import storable

MODULE_ID: Final = "workermanager"
SETTING_KEY: Final = "fr.cnes.regards.framework.modules.tenant.settings.domain.DynamicTenantSetting"
WORKER_KEY: Final = "fr.cnes.regards.modules.workermanager.dto.WorkerConfigDto"
WORKFLOW_KEY: Final = "fr.cnes.regards.modules.workermanager.dto.WorkflowConfigDto"
SKIP_SETTING: Final = "skipContentTypes"

_MAX_TYPE: Final = 128
_MAX_CONTENT_TYPE: Final = 255


class UnreadableConfiguration(DomainError):
    """The configuration file cannot be read."""

    code = "UNREADABLE_CONFIGURATION"
    http_status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerItem:
    """A worker type, checked."""

    worker_type: str
    inputs: tuple[str, ...]
    output: str | None
    keep_errors: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowItem:
    """A workflow, checked."""

    workflow_type: str
    #: Sorted by number.
    steps: tuple[tuple[int, str], ...]
    keep_errors: bool


@dataclass(slots=True)
class ModuleItems:
    """The items of one module, and what is wrong with the others."""

    module: Mapping[str, Any]
    reset: bool
    total: int
    skipped_content_types: list[list[str]] = field(default_factory=list)
    workers: list[WorkerItem] = field(default_factory=list)
    workflows: list[WorkflowItem] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    #: A workflow broke a rule: the reference then imports none of them.
    workflows_refused: bool = False


def read(document: bytes) -> list[ModuleItems]:
    """Read the modules of a file that are the worker manager's.

    Raises:
        UnreadableConfiguration: the file is not JSON or has not the shape of a configuration file.
    """
    try:
        content = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise UnreadableConfiguration(f"The configuration file is not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("modules"), list):
        raise UnreadableConfiguration("The configuration file must be an object with an array modules")
    modules = [module for module in content["modules"] if isinstance(module, dict)]
    return [_module(module) for module in modules if _described(module).get("id") == MODULE_ID]


def _described(module: Mapping[str, Any]) -> Mapping[str, Any]:
    described = module.get("module")
    return described if isinstance(described, dict) else {}


def _module(module: Mapping[str, Any]) -> ModuleItems:
    items = module.get("configuration", [])
    if not isinstance(items, list):
        raise UnreadableConfiguration("configuration must be an array of items with key and value")
    found = ModuleItems(
        module=_described(module), reset=module.get("resetBeforeImport") is True, total=len(items)
    )
    for position, item in enumerate(items):
        _item(item, position, found)
    return found


def _item(item: Any, position: int, found: ModuleItems) -> None:
    key = item.get("key") if isinstance(item, dict) else None
    value = item.get("value") if isinstance(item, dict) else None
    if key not in _READERS or not isinstance(value, dict):
        found.errors.append(
            f"Item {position} is refused: key {key!r} must be one of {', '.join(_READERS)}, "
            "and value an object"
        )
        return
    _READERS[key](value, found)


def _setting(value: Mapping[str, Any], found: ModuleItems) -> None:
    name, text = value.get("name"), value.get("value")
    try:
        listed = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        listed = None
    if name != SKIP_SETTING:
        cause = f"unknown setting, {SKIP_SETTING} is the only one"
    elif not isinstance(listed, list) or not all(_is_text(entry) for entry in listed):
        cause = f"value must be a JSON array of strings inside a string, got {text!r}"
    else:
        found.skipped_content_types.append(listed)
        return
    found.errors.append(f"Failed to import dynamic tenant setting with name '{name}'. Cause: {cause}")


def _worker(value: Mapping[str, Any], found: ModuleItems) -> None:
    worker_type, inputs = value.get("workerType"), value.get("contentTypeInputs")
    output, keep_errors = value.get("contentTypeOutput"), value.get("keepErrors", True)
    errors = [
        *_blank("workerType", worker_type, "Invalid worker conf with empty name"),
        *_unfit("workerType", worker_type, _MAX_TYPE),
        *_unfit("contentTypeOutput", output, _MAX_CONTENT_TYPE),
        *_not_boolean("keepErrors", keep_errors),
    ]
    if not _texts(inputs) or not inputs:
        message = "WorkerConf cannot declare empty contentTypesIn list"
        errors.append(_violation("NotEmpty", message, "contentTypeInputs", inputs))
    else:
        for index, entry in enumerate(inputs):
            errors += _unfit(f"contentTypeInputs[{index}]", entry, _MAX_CONTENT_TYPE)
    if errors:
        found.errors += errors
        return
    item = WorkerItem(
        worker_type=str(worker_type),
        inputs=tuple(dict.fromkeys(inputs or ())),
        output=output,
        keep_errors=keep_errors is not False,
    )
    found.workers.append(item)


def _workflow(value: Mapping[str, Any], found: ModuleItems) -> None:
    workflow_type, steps, keep_errors = (
        value.get("workflowType"),
        value.get("steps"),
        value.get("keepErrors", True),
    )
    errors = [
        *_blank("workflowType", workflow_type, "workflowType is mandatory"),
        *_unfit("workflowType", workflow_type, _MAX_CONTENT_TYPE),
        *_not_boolean("keepErrors", keep_errors),
    ]
    if not isinstance(steps, list) or not steps:
        errors.append(_violation("Size", "at least one step is expected", "steps", steps))
        steps = []
    for index, step in enumerate(steps):
        errors += _step(f"steps[{index}]", step if isinstance(step, dict) else {})
    if errors:
        found.errors += errors
        found.workflows_refused = True
        return
    ordered = sorted((step["stepNumber"], step["workerType"]) for step in steps)
    found.workflows.append(
        WorkflowItem(
            workflow_type=str(workflow_type), steps=tuple(ordered), keep_errors=keep_errors is not False
        )
    )


def _step(path: str, step: Mapping[str, Any]) -> list[str]:
    number, worker_type = step.get("stepNumber"), step.get("workerType")
    errors = []
    if type(number) is not int:
        errors.append(_violation("NotNull", "stepNumber must be present", f"{path}.stepNumber", number))
    elif not 0 <= number < 2**31:
        errors.append(_violation("Min", "stepNumber must be a positive number", f"{path}.stepNumber", number))
    errors += _blank(f"{path}.workerType", worker_type, "workerType must be present")
    return errors + _unfit(f"{path}.workerType", worker_type, _MAX_TYPE)


def _blank(path: str, value: object, message: str) -> list[str]:
    if value and (not isinstance(value, str) or value.strip()):
        return []  # what is not a text is refused for its length
    return [_violation("NotBlank", message, path, value)]


def _unfit(path: str, value: object, limit: int) -> list[str]:
    if value is None:
        return []
    if not _is_text(value):
        return [_violation("Type", "a text without NUL is expected", path, value)]
    if len(value) <= limit:
        return []
    name = path.rpartition(".")[2]
    return [_violation("Size", f"{name} is limited to {limit} characters", path, value)]


def _not_boolean(path: str, value: object) -> list[str]:
    if value is None or isinstance(value, bool):
        return []
    return [_violation("Type", "true or false is expected", path, value)]


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and storable(value) == value


def _texts(value: object) -> bool:
    return (
        isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(v, str) for v in value)
    )


def _violation(constraint: str, message: str, path: str, value: object) -> str:
    shown = "null" if value is None else storable(str(value))
    return f"[{constraint}] {message} at {path}: rejected value [{shown}]."


_READERS: Final = {SETTING_KEY: _setting, WORKER_KEY: _worker, WORKFLOW_KEY: _workflow}
