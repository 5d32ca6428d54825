"""The workflow of `docs/examples/deliveries.json`, step by step on a real scene."""

import json
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.unit.workers.builtin.scenes import LANDSAT
from workers.sdk.testing import run_once

_ROOT = Path(__file__).parents[4]


def _steps() -> list[str]:
    document = json.loads((_ROOT / "docs" / "examples" / "deliveries.json").read_text("utf-8"))
    entries = [entry["value"] for entry in document["modules"][0]["configuration"]]
    (workflow,) = (entry for entry in entries if "workflowType" in entry)
    return [step["workerType"] for step in workflow["steps"]]


def test_it_makes_a_cloud_optimised_item_of_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "in" / "scene.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as delivery:
        delivery.write(LANDSAT, "scene/landsat.tif")
    content = json.dumps({"url": archive.as_uri()}).encode()
    for worker_type in _steps():
        worker = import_module(f"workers.builtin.{worker_type.replace('-', '_')}.worker")
        result = run_once(
            worker.run, content=content, storage=tmp_path / "storage", file_roots=(archive.parent,)
        )
        content = result.content
    item: dict[str, Any] = json.loads(content)
    assert set(item["assets"]) == {"landsat.tif", "thumbnail"}
    assert "/cog/landsat-" in item["assets"]["landsat.tif"]["href"]
    assert item["properties"]["regards:archive"]["url"] == archive.as_uri()
