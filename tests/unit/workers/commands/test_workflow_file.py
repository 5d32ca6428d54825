import json
import re
from typing import Any

import jsonschema
import pytest

from tests.architecture import tree
from tests.unit.workers.commands import flows
from worker_manager.canvas import compile_plan
from worker_manager.configuration.workflow_items import read_workflow
from worker_manager.workflow_plan import Plan
from workers.commands.command_line import main
from workers.sdk.errors import DeclarationError
from workers.sdk.workflows import Workflow, chain, group, repeat, step

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


def test_it_writes_loops_and_that_headers_are_kept() -> None:
    content = flows.LOOPED.configuration()
    jsonschema.validate(content, json.loads(_SCHEMA.read_text("utf-8")))
    *_, workflow = _values(content)
    poor = {"header": "acme.fit", "in": ["poor"]}
    assert workflow["keepHeaders"] is True
    assert workflow["steps"][3:] == [
        {
            "stepNumber": 40,
            "workerType": "flow-measure",
            "onlyIf": {"header": "acme.kind", "in": ["raster"]},
            "repeat": {"from": 20, "while": poor, "most": 5},
        },
        {
            "stepNumber": 50,
            "workerType": "flow-poll",
            "repeat": {"while": poor, "most": 100, "goOn": True},
        },
    ]
    read = read_workflow(workflow)
    assert (read.to_value()["steps"], read.keep_headers) == (workflow["steps"], True)


def test_its_canvas_tells_fleets_what_a_manager_would_know() -> None:
    configured = read_workflow(_values(flows.LOOPED.configuration())[-1])
    plan = Plan.workflow(
        workflow_type="looped", steps=configured.steps_value(), keep_errors=True, keep_headers=True
    )
    assert _told(flows.LOOPED.canvas) == _told(compile_plan(plan))


def _told(canvas: Any) -> Any:
    """Return tasks of a canvas and what they are told; by a step's number only a manager goes."""
    text = json.dumps(canvas)
    return json.loads(re.sub(r'"(from|priority)": \d+, ', "", text))


@pytest.mark.parametrize(
    ("steps", "most", "reason"),
    [
        ([step("a")], 1, "most=1: a loop has 2 to 1000 rounds"),
        ([step("a")], 1001, "most=1001: a loop has 2 to 1000 rounds"),
        ([], 2, "a loop ends with a step of one worker type"),
        ([step("a"), group(step("b"), step("c"))], 2, "a loop ends with a step of one worker type"),
        ([repeat(step("a"), while_=flows.POOR, most=2), step("b")], 2, "a step is in one loop at most"),
        ([repeat(step("a"), while_=flows.POOR, most=2)], 2, "a step is in one loop at most"),
        (
            [chain(step("a"), group(step("b"), repeat(step("c"), while_=flows.POOR, most=2))), step("d")],
            2,
            "one",
        ),
    ],
)
def test_it_refuses_what_is_no_loop(steps: list[Any], most: int, reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        repeat(*steps, while_=flows.POOR, most=most)


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
