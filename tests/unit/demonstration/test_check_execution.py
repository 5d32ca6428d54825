"""The demonstration does not believe its execution either: each lie in a result is found."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rasterio

from scripts.demonstration import crop, execution
from scripts.demonstration.checks import Mismatch
from scripts.demonstration.deliveries import landsat
from scripts.demonstration.ordering import Executed

_SOURCE = "file:/order-1/F1/landsat_rgb.tif"


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Executed:
    """Run the program, and tell of it as the platform does."""
    scene = tmp_path / "input" / "F1" / "landsat_rgb.tif"
    scene.parent.mkdir(parents=True)
    scene.write_bytes(landsat().read_bytes())
    monkeypatch.chdir(tmp_path)
    crop.main()
    made = tmp_path / "output" / "F1" / "landsat_rgb.tif"
    output = {"name": "F1/landsat_rgb.tif", "url": f"file:{made}", "inputCorrelationIds": [_SOURCE]}
    file = {"localRelativePath": "F1/landsat_rgb.tif", "inputCorrelationId": _SOURCE}
    return Executed(
        scene=scene,
        process_id="p",
        batch_id="b",
        asked={"executionCorrelationId": "e", "inputFiles": [file]},
        result={
            "executionCorrelationId": "e",
            "batchId": "b",
            "processId": "p",
            "finalStatus": "SUCCESS",
            "messages": [""],
            "outputs": [output | _digest(made)],
        },
        steps=[{"status": status} for status in ("REGISTERED", "PREPARE", "RUNNING", "SUCCESS")],
    )


def _digest(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {"size": len(content), "checksumValue": hashlib.sha256(content).hexdigest()}


def _result(executed: Executed, **changes: Any) -> Executed:
    return replace(executed, result={**executed.result, **changes})


def _output(executed: Executed, **changes: Any) -> Executed:
    (output,) = executed.result["outputs"]
    return _result(executed, outputs=[{**output, **changes}])


def _other_pixels(executed: Executed) -> Executed:
    made = Path(executed.result["outputs"][0]["url"].removeprefix("file:"))
    with rasterio.open(made, "r+") as scene:
        scene.write(scene.read() // 2)
    return _output(executed, **_digest(made))


def _moved(executed: Executed) -> Executed:
    made = Path(executed.result["outputs"][0]["url"].removeprefix("file:"))
    with rasterio.open(made, "r+") as scene, rasterio.open(executed.scene) as original:
        scene.transform = original.transform
    return _output(executed, **_digest(made))


def test_it_compares_what_is_true(executed: Executed) -> None:
    assert execution.check(executed) == 13


@pytest.mark.parametrize(
    ("lie", "fact"),
    [
        (lambda it: _result(it, finalStatus="FAILURE", messages=["no disk"]), "status: .* 'FAILURE no disk'"),
        (lambda it: replace(it, steps=it.steps[1:]), "steps"),
        (lambda it: _result(it, executionCorrelationId="f"), "correlation id"),
        (lambda it: _result(it, batchId="c"), "batch"),
        (lambda it: _result(it, processId="q"), "process"),
        (lambda it: _result(it, outputs=[]), "names of outputs"),
        (lambda it: _output(it, inputCorrelationIds=[]), "input of the output"),
        (lambda it: _output(it, checksumValue="0" * 64), "checksum"),
        (lambda it: _output(it, size=1), "size"),
        (lambda it: _output(it, url=f"file:{it.scene}", **_digest(it.scene)), "shape"),
        (_other_pixels, "pixels"),
        (_moved, "corner"),
    ],
)
def test_it_finds_each_lie(lie: Callable[[Executed], Executed], fact: str, executed: Executed) -> None:
    with pytest.raises(Mismatch, match=f"^{fact}"):
        execution.check(lie(executed))
