"""Orders of executions that make no sense are refused, with the field that is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import an_order
from workers.builtin.run_process import worker
from workers.sdk import InvalidContent
from workers.sdk.testing import run_once

_FILE = {"localRelativePath": "a", "url": "file:///a", "bytes": 1}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"executionId": ""}, "executionId: '' should be non-empty"),
        ({"batchCorrelationId": 1}, "batchCorrelationId: 1 is not of type 'string'"),
        ({"plugin": None}, "plugin: None is not of type 'object'"),
        ({"plugin": {"pluginId": "a"}}, "plugin: 'version' is a required property"),
        ({"plugin": {"pluginId": "a", "version": "1", "parameters": []}}, "plugin.parameters: [] is not"),
        ({"plugin": {"pluginId": "a", "version": "1", "parameters": {}}}, "plugin.pluginId a is unknown"),
        (
            {"plugin": {"pluginId": "UselessProcessPlugin", "version": "1", "parameters": {}}},
            "plugin.version is 1, this fleet has 1.0.0-SNAPSHOT",
        ),
        ({"cardinality": "MANY"}, "cardinality: 'MANY' is not one of ['ONE_PER_EXECUTION'"),
        ({"timeLimit": 0}, "timeLimit: 0 is less than or equal to the minimum of 0"),
        ({"timeLimit": True}, "timeLimit: True is not of type 'number'"),
        ({"timeLimit": float("nan")}, "The content is not JSON: NaN is no value"),
        ({"inputFiles": {}}, "inputFiles: {} is not of type 'array'"),
        ({"inputFiles": [1]}, "inputFiles[0]: 1 is not of type 'object'"),
        ({"inputFiles": [_FILE | {"url": 1}]}, "inputFiles[0].url: 1 is not of type 'string'"),
        ({"inputFiles": [_FILE | {"url": None}]}, "inputFiles[0].url is missing: only internal files need"),
        ({"inputFiles": [{"localRelativePath": "a"}]}, "inputFiles[0].url is missing: only internal files"),
        (
            {"inputFiles": [_FILE | {"url": "", "metadata": {"internal": "true", "featureId": "F1"}}]},
            "inputFiles[0].url is empty: only internal files need none, whose metadata.internal is 'true'",
        ),
        ({"inputFiles": [_FILE | {"bytes": -1}]}, "inputFiles[0].bytes: -1 is less than the minimum of 0"),
        ({"inputFiles": [_FILE | {"bytes": True}]}, "inputFiles[0].bytes: True is not of type 'integer'"),
        ({"inputFiles": [_FILE | {"checksum": 1}]}, "inputFiles[0].checksum: 1 is not of type 'string'"),
        ({"inputFiles": [_FILE | {"metadata": None}]}, None),
        ({"inputFiles": [_FILE | {"metadata": [1]}]}, "inputFiles[0].metadata: [1] is not of type 'object'"),
        ({"inputFiles": [_FILE, _FILE]}, "localRelativePath a comes twice"),
        ({"inputFiles": [_FILE, _FILE | {"localRelativePath": "a/b"}]}, "or is a file and a folder"),
    ],
)
def test_it_names_the_field_that_is_wrong(changes: dict[str, Any], told: str | None) -> None:
    assert (told or "is no program") in _refusal(changes)


@pytest.mark.parametrize("path", ["/a", "../a", "a/../../b", "a\\b", "a\0", ".", "x" * 1025])
def test_it_refuses_paths_that_leave_the_folder(path: str) -> None:
    told = _refusal({"inputFiles": [_FILE | {"localRelativePath": path}]})
    assert "a path below the input folder is expected" in told


def _refusal(changes: dict[str, Any]) -> str:
    """Return why an order is refused, or why its execution failed."""
    try:
        result = run_once(worker.run, content=json.dumps(an_order("no-program") | changes).encode())
    except InvalidContent as error:
        return error.message
    return str(json.loads(result.content)["message"]).replace("Failed to download", "is no program")


def test_it_needs_no_files(tmp_path: Path) -> None:
    order = an_order("/bin/true", plugin={**an_order("")["plugin"], "pluginId": "UselessProcessPlugin"})
    result = run_once(worker.run, content=json.dumps(order).encode(), storage=tmp_path)
    assert json.loads(result.content)["finalStatus"] == "SUCCESS"
