"""The published JSON Schema says what the code does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from regards_processing.kernel.configuration.envelope import to_text
from regards_processing.kernel.configuration.faults import InvalidItem, Value
from regards_processing.kernel.configuration.file_schema import file_schema
from tests.factories.configuration_files import a_file, a_setting, a_worker, a_workflow_item
from worker_manager.configuration import conditions, policies, repeats, worker_items, workflow_items
from worker_manager.configuration.worker_items import read_worker
from worker_manager.configuration.workflow_items import read_workflow
from worker_manager.module import MODULE
from worker_manager.policy import Failure

_ROOT = Path(__file__).parents[4]
_PUBLISHED = _ROOT / "docs" / "reference" / "configuration-file.rs-worker-manager.schema.json"
_SCHEMA = Draft202012Validator(file_schema(MODULE))

# Texts that a database stores, JSON values of the wrong kind, and lengths around the limits.
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6) | st.integers(
    126, 257
).map("x".__mul__)
_ANYTHING = st.recursive(
    _SCALARS | _TEXTS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXTS, inner)
)


def _objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects whose fields are right, wrong or absent."""
    return st.fixed_dictionaries({}, optional={name: good | _ANYTHING for name, good in fields.items()})


_NUMBERS = st.integers(-1, 1001) | st.floats(0, 2)
_BACKOFFS = _objects(
    kind=st.sampled_from(["fixed", "exponential"]),
    delay=_NUMBERS,
    factor=_NUMBERS,
    cap=_NUMBERS,
    jitter=_NUMBERS,
    other=st.nothing(),
)
_POLICIES = _objects(
    queueTimeout=_NUMBERS,
    runTimeout=_NUMBERS,
    maxAttempts=_NUMBERS,
    backoff=_BACKOFFS,
    retryOn=st.lists(st.sampled_from(list(Failure)) | _ANYTHING, max_size=2),
)
_NAMES = st.sampled_from(["a", "b", " "]) | _TEXTS
_STEP = _objects(
    stepNumber=st.integers(0, 9),
    workerType=_NAMES | st.none(),
    workerTypes=st.none() | st.lists(_NAMES, max_size=3) | st.just(["a"] * 16) | st.just(["a"] * 17),
    contentTypeOutput=st.none() | _TEXTS,
    policy=_POLICIES,
)
_STEPS = st.lists(_STEP | _ANYTHING, max_size=3)
_WORKERS = _objects(
    workerType=_TEXTS,
    contentTypeInputs=st.lists(_TEXTS),
    contentTypeOutput=_TEXTS,
    keepErrors=st.booleans(),
    policy=_POLICIES,
)
_VALUES = st.lists(_TEXTS | st.none(), max_size=3) | st.just(["x"] * 100) | st.just(["x"] * 101) | st.none()
_CONDITIONS = _objects(
    header=_NAMES | st.sampled_from(["regards.x", "regardsx"]), **{"in": _VALUES}, notIn=_VALUES
)
#: Whether there is a step of a number, no schema knows.
_STARTS: st.SearchStrategy[Any] = st.sampled_from([1, 2, 1.0, None, -1, 1.5, "1", True, []])
_ROUNDS = st.sampled_from([1, 2, 2.0, 1000, 1001, None, "2", True])
_REPEATS = st.fixed_dictionaries(
    {},
    optional={
        "from": _STARTS,
        "while": _CONDITIONS | _ANYTHING,
        "most": _ROUNDS,
        "goOn": st.none() | st.booleans() | st.just("yes"),
        "until": st.none(),
    },
)
_WORKFLOWS = _objects(
    workflowType=_TEXTS, steps=_STEPS, keepErrors=st.booleans(), keepHeaders=st.booleans() | st.none()
)
_quickly = settings(max_examples=150)


def _is_read(read: Any, value: Value) -> bool:
    try:
        read(value)
    except InvalidItem:
        return False
    return True


@_quickly
@given(value=_WORKERS)
def test_it_accepts_the_worker_types_that_the_code_accepts(value: Value) -> None:
    assert Draft202012Validator(worker_items.SCHEMA).is_valid(value) == _is_read(read_worker, value)


@_quickly
@given(value=_POLICIES)
def test_it_accepts_the_policies_that_the_code_accepts(value: Value) -> None:
    worker = {"workerType": "w", "contentTypeInputs": ["a"], "policy": value}
    assert Draft202012Validator(policies.SCHEMA).is_valid(value) == _is_read(read_worker, worker)


@_quickly
@given(value=_CONDITIONS | _ANYTHING)
def test_it_accepts_the_conditions_that_the_code_accepts(value: Value) -> None:
    steps = [{"stepNumber": 1, "workerType": "a"}, {"stepNumber": 2, "workerType": "b", "onlyIf": value}]
    workflow = {"workflowType": "wf", "steps": steps}
    assert Draft202012Validator(conditions.SCHEMA).is_valid(value) == _is_read(read_workflow, workflow)


@_quickly
@given(value=_REPEATS | _SCALARS)
def test_it_accepts_the_loops_that_the_code_accepts(value: Value) -> None:
    steps = [{"stepNumber": 1, "workerType": "a"}, {"stepNumber": 2, "workerType": "b", "repeat": value}]
    workflow = {"workflowType": "wf", "steps": steps}
    assert Draft202012Validator(repeats.SCHEMA).is_valid(value) == _is_read(read_workflow, workflow)


@_quickly
@given(value=_WORKFLOWS)
def test_it_accepts_the_workflows_that_the_code_accepts(value: Value) -> None:
    assert Draft202012Validator(workflow_items.SCHEMA).is_valid(value) == _is_read(read_workflow, value)


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(file_schema(MODULE))


def test_it_is_published_as_it_is() -> None:
    told = "write it again with: manage.py export_configuration --schema --output <this file>"
    assert _PUBLISHED.read_text("utf-8") == to_text(file_schema(MODULE)), told


@pytest.mark.parametrize(
    "path", sorted((_ROOT / "docs" / "examples").glob("*.json")), ids=lambda path: path.stem
)
def test_it_accepts_our_examples(path: Path) -> None:
    assert list(_SCHEMA.iter_errors(json.loads(path.read_bytes()))) == []


def test_it_accepts_every_kind_of_item() -> None:
    items = [a_worker("a"), a_workflow_item("wf", (1, "a"), (2, ["b", "c"])), a_setting("noise")]
    assert _SCHEMA.is_valid(json.loads(a_file(*items)))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"modules": {}},
        {"modules": [{}]},
        {"modules": [{"module": {"id": "workermanager"}, "resetBeforeImport": "yes"}]},
        {"modules": [{"module": {"id": "workermanager"}, "configuration": {}}]},
        json.loads(a_file({"key": "java.lang.Runtime", "value": {}})),
        json.loads(a_file({"key": worker_items.KEY})),
        json.loads(a_file(a_worker(""))),
        json.loads(a_file(a_workflow_item("wf"))),
        json.loads(a_file(a_setting("noise", name="other"))),
    ],
)
def test_it_refuses_other_files(document: Value) -> None:
    assert not _SCHEMA.is_valid(document)


def test_it_does_not_look_into_modules_of_others() -> None:
    assert _SCHEMA.is_valid(json.loads(a_file({"key": "of.others", "value": 7}, module="ingest")))
