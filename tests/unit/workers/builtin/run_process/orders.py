"""Orders of executions, and the programs that they run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workers.builtin.run_process import worker
from workers.builtin.run_process.order import ExecutionOrder
from workers.processes.sealing import Addressee, seal
from workers.sdk.testing import run_once

EXECUTION_ID = "7a3f2f0c-6c1c-4a51-9f3e-2f7a0f9b6a11"
PREFIX = f"[SimpleShellProcessPlugin] ExecId={EXECUTION_ID} | "


def a_program(folder: Path, *lines: str) -> Path:
    """Write a shell program."""
    path = folder / "program.sh"
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def an_input(path: Path, *, below: str = "", feature: str | None = "F1", **others: Any) -> dict[str, Any]:
    """Return an input file as an order names it."""
    relative = f"{below}/{path.name}" if below else path.name
    return {
        "localRelativePath": relative,
        "url": path.as_uri(),
        "bytes": path.stat().st_size,
        "metadata": {"featureId": feature} if feature else {},
        "inputCorrelationId": f"cid:{relative}",
    } | others


def an_order(program: Path | str, *inputs: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """Return the order of one execution of the shell plugin."""
    plugin = {
        "pluginId": "SimpleShellProcessPlugin",
        "version": "1.0.0-SNAPSHOT",
        "parameters": {"shellScript": str(program), "envVariables": "GREETING=good day&&=x&b"},
    }
    return {
        "executionId": EXECUTION_ID,
        "batchCorrelationId": "order-1_sub-1",
        "plugin": plugin,
        "cardinality": "ONE_PER_EXECUTION",
        "inputFiles": list(inputs),
    } | others


def as_read(order: Mapping[str, Any]) -> ExecutionOrder:
    """Return an order as a fleet reads it from its request."""
    return ExecutionOrder.from_json(order, tenant="default", request_id=EXECUTION_ID)


def sealed(text: str, *, part: str, key: str, **others: str) -> str:
    """Return a text that is sealed for the request of such orders, unless said otherwise."""
    addressee = {"tenant": "default", "request_id": EXECUTION_ID, "part": part} | others
    return seal(text, key=key, addressee=Addressee(**addressee))


def carried_out(order: Mapping[str, Any], *, storage: Path, roots: Path, **options: Any) -> dict[str, Any]:
    """Carry out an order; return the answer."""
    result = run_once(
        worker.run,
        content=json.dumps(order).encode(),
        storage=storage,
        file_roots=(roots,),
        request_id=EXECUTION_ID,
        **options,
    )
    answer: dict[str, Any] = json.loads(result.content)
    return answer
