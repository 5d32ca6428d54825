"""One execution of rs-processing in the demonstration: carried out, shown, and checked."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import rasterio
from rich.console import Console

from scripts.demonstration import crop
from scripts.demonstration.checks import Fact, Mismatch, compare, sha256_of
from scripts.demonstration.ordering import Executed, NoResult, OrderService

WORKER_TYPE: Final = "run-process"
_STEPS: Final = ["REGISTERED", "PREPARE", "RUNNING", "SUCCESS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionVerdict:
    """What came of the execution."""

    #: Facts that were compared, all true unless there is a fault.
    facts: int = 0
    fault: str | None = None
    #: ``None`` when there was no result.
    executed: Executed | None = None


def write_program(folder: Path) -> Path:
    """Write the program of the process: our cropping, run by this Python."""
    program = folder / "crop.sh"
    command = shlex.join([sys.executable, "-I", str(Path(crop.__file__).resolve())])
    program.write_text(f"#!/bin/sh\nexec {command}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def carry_out(*, service: OrderService, program: Path, original: Path, incoming: Path) -> ExecutionVerdict:
    """Order the crop of a scene that arrives in a folder, and check what came of it."""
    scene = Path(shutil.copy(original, incoming))
    try:
        executed = service.execute(program=program, scene=scene)
    except (NoResult, OSError, LookupError, ValueError) as error:
        return ExecutionVerdict(fault=f"no execution: {error!r}")
    try:
        return ExecutionVerdict(executed=executed, facts=check(executed))
    except Mismatch as error:
        return ExecutionVerdict(executed=executed, fault=str(error))
    except (OSError, LookupError, ValueError, TypeError) as error:
        return ExecutionVerdict(executed=executed, fault=f"the result cannot be read: {error!r}")


def check(executed: Executed) -> int:
    """Compare a result with what was ordered and with the scene; return how many facts were compared.

    Raises:
        Mismatch: a fact is wrong; names the fact, what was expected and what was found.
    """
    return compare(_facts(executed))


def show(verdict: ExecutionVerdict, *, console: Console) -> None:
    """Print the steps and the outputs."""
    if verdict.executed is not None:
        for step in verdict.executed.steps:
            text = f"  {step['time']:<24}  {step['status']:<10}  {step['message']}"
            console.print(text.rstrip(), markup=False, soft_wrap=True)
        for output in verdict.executed.result["outputs"]:
            text = f"  output {output['name']}, {output['size']} bytes: {output['url']}"
            console.print(text, markup=False, soft_wrap=True)
    if verdict.fault:
        console.print("[red]execution[/]: ", end="")
        console.print(verdict.fault, markup=False)


def _facts(executed: Executed) -> Iterator[Fact]:
    asked, result = executed.asked, executed.result
    (file,) = asked["inputFiles"]
    yield "status", "SUCCESS", f"{result['finalStatus']} {' '.join(result['messages'])}".strip()
    yield "steps", _STEPS, [step["status"] for step in executed.steps]
    yield "correlation id", asked["executionCorrelationId"], result["executionCorrelationId"]
    yield "batch", executed.batch_id, result["batchId"]
    yield "process", executed.process_id, result["processId"]
    yield "names of outputs", [file["localRelativePath"]], [each["name"] for each in result["outputs"]]
    (output,) = result["outputs"]
    stored = Path(output["url"].removeprefix("file:"))
    yield "input of the output", [file["inputCorrelationId"]], output["inputCorrelationIds"]
    yield "checksum of the output", sha256_of(stored), output["checksumValue"]
    yield "size of the output", stored.stat().st_size, output["size"]
    yield from _pixels(executed.scene, stored)


def _pixels(original: Path, stored: Path) -> Iterator[Fact]:
    """The crop has the pixels of the scene, and lies where these lie."""
    with rasterio.open(original) as scene, rasterio.open(stored) as cropped:
        height, width = (side // 2 for side in scene.shape)
        top, left = (side // 4 for side in scene.shape)
        expected: Any = scene.read()[:, top : top + height, left : left + width]
        yield "shape of the crop", expected.shape, (cropped.count, *cropped.shape)
        yield "pixels of the crop", True, bool(np.array_equal(expected, cropped.read()))
        yield "reference system of the crop", scene.crs, cropped.crs
        yield "corner of the crop", scene.xy(top, left, offset="ul"), cropped.xy(0, 0, offset="ul")
