"""Which inputs an output was made of, and how many outputs there must be."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import a_program, an_input, an_order, carried_out


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.raw", "b.raw"):
        (folder / name).write_text(name)
    return folder


def _run(inputs: Path, cardinality: str, *commands: str, files: dict[str, str]) -> dict[str, Any]:
    """Run commands on files, which are given as place → feature."""
    listed = [
        an_input(inputs / Path(place).name, below=str(Path(place).parent), feature=feature)
        for place, feature in files.items()
    ]
    order = an_order(a_program(inputs, *commands), *listed, cardinality=cardinality)
    return carried_out(order, storage=inputs.parent / "storage", roots=inputs)


def _sources(answer: dict[str, Any]) -> dict[str, list[str]]:
    assert answer["finalStatus"] == "SUCCESS", answer["message"]
    return {output["name"]: output["inputCorrelationIds"] for output in answer["outputs"]}


_FILES = {"F1/a.raw": "F1", "F1/b.raw": "F1", "F2/a.raw": "F2"}


def test_it_relates_one_output_to_all_inputs(inputs: Path) -> None:
    answer = _run(inputs, "ONE_PER_EXECUTION", "touch output/all", files=_FILES)
    assert _sources(answer) == {"all": ["cid:F1/a.raw", "cid:F1/b.raw", "cid:F2/a.raw"]}


def test_it_relates_outputs_to_features_by_their_folder(inputs: Path) -> None:
    commands = ("mkdir output/F1 output/F2", "echo 1 >output/F1/x", "echo 2 >output/F2/x")
    answer = _run(inputs, "ONE_PER_FEATURE", *commands, files=_FILES)
    assert _sources(answer) == {"F1/x": ["cid:F1/a.raw", "cid:F1/b.raw"], "F2/x": ["cid:F2/a.raw"]}


def test_it_relates_outputs_to_inputs_by_their_name(inputs: Path) -> None:
    files = {"F1/a.raw": "F1", "F1/b.raw": "F1"}
    commands = ("echo 1 >output/a.tif", "echo 2 >output/b.tif")
    answer = _run(inputs, "ONE_PER_INPUT_FILE", *commands, files=files)
    assert _sources(answer) == {"a.tif": ["cid:F1/a.raw"], "b.tif": ["cid:F1/b.raw"]}


def test_it_tells_the_same_name_in_two_features_apart_by_the_folder(inputs: Path) -> None:
    files = {"F1/a.raw": "F1", "F2/a.raw": "F2"}
    commands = ("mkdir output/F1 output/F2", "echo 1 >output/F1/a.tif", "echo 2 >output/F2/a.tif")
    answer = _run(inputs, "ONE_PER_INPUT_FILE", *commands, files=files)
    assert _sources(answer) == {"F1/a.tif": ["cid:F1/a.raw"], "F2/a.tif": ["cid:F2/a.raw"]}


@pytest.mark.parametrize(
    ("cardinality", "expected"), [("ONE_PER_EXECUTION", 1), ("ONE_PER_FEATURE", 2), ("ONE_PER_INPUT_FILE", 3)]
)
def test_it_expects_as_many_files_as_the_cardinality_says(
    cardinality: str, expected: int, inputs: Path
) -> None:
    answer = _run(inputs, cardinality, "true", files=_FILES)
    assert answer["message"] == f"Wrong number of output files: expected {expected}, got 0"
