import json
import re
from typing import Any

import jsonschema
import pytest

from tests.architecture import tree
from tests.unit.workers.commands import flows
from workers.commands.command_line import main
from workers.sdk.errors import DeclarationError
from workers.sdk.workflows import Workflow, step

_SCHEMA = tree.ROOT / "docs" / "reference" / "configuration-file.rs-worker-manager.schema.json"
_FLOWS = "tests.unit.workers.commands.flows"


def _values(content: dict[str, Any]) -> list[dict[str, Any]]:
    (module,) = content["modules"]
    return [item["value"] for item in module["configuration"]]


def test_it_writes_what_the_manager_imports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workflow", f"{_FLOWS}:INGEST"]) == 0
    content = json.loads(capsys.readouterr().out)
    jsonschema.validate(content, json.loads(_SCHEMA.read_text("utf-8")))
    unpack, footprint, workflow = _values(content)
    assert unpack == {
        "workerType": "flow-unpack",
        "contentTypeInputs": ["delivery"],
        "contentTypeOutput": "files",
    }
    assert footprint["workerType"] == "flow-footprint"
    assert workflow == {
        "workflowType": "ingest",
        "keepErrors": True,
        "priority": 7,
        "steps": [
            {"stepNumber": 10, "workerType": "flow-unpack"},
            {
                "stepNumber": 20,
                "workerTypes": ["flow-footprint", "flow-checksum"],
                "contentTypeOutput": "geometry-and-digests",
            },
            {"stepNumber": 30, "workerType": "flow-catalogue"},
        ],
    }


def test_it_takes_a_single_step() -> None:
    *_, workflow = _values(flows.ONE_STEP.configuration())
    assert workflow["steps"] == [{"stepNumber": 10, "workerType": "flow-unpack"}]
    assert workflow["keepErrors"] is False


def test_it_writes_the_condition_of_a_step() -> None:
    *_, workflow = _values(flows.CHOOSY.configuration())
    assert workflow["steps"][1] == {
        "stepNumber": 20,
        "workerType": "flow-quicklook",
        "onlyIf": {"header": "acme.kind", "in": ["raster"]},
    }


@pytest.mark.parametrize(
    ("workflow", "reason"),
    [
        (flows.SILENT, "Worker type 'flow-silent' says no content_types"),
        (flows.NESTED, "Workflow 'nested': a step is a worker type, or a group of them, not celery.chain"),
        (flows.STRANGE, "Workflow 'strange': worker type 'flow-unpack' has arguments"),
        (flows.HASTY, "Workflow 'hasty': the first step is always taken"),
        (flows.CROWDED, "Workflow 'crowded': worker type 'flow-unpack' has arguments"),
        (flows.LONELY, "Workflow 'lonely': a group has 2 to 16 worker types, got 1"),
    ],
    ids=lambda value: getattr(value, "workflow_type", ""),
)
def test_it_refuses_what_no_manager_could_drive(workflow: Workflow, reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        workflow.configuration()


def test_it_refuses_a_function_that_declares_nothing() -> None:
    with pytest.raises(DeclarationError, match=r"<built-in function len> declares no worker type"):
        step(len)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("flows", "MODULE:NAME is needed"),
        ("no.such:FLOW", "module 'no.such' cannot be imported"),
        (f"{_FLOWS}:CHAIN", "is no workers.sdk.workflows.Workflow; .* has CHOOSY, CROWDED, HASTY, INGEST"),
    ],
)
def test_it_says_where_a_workflow_is_not(place: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["workflow", place]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.search(reason, printed.err)
