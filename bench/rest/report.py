"""The times as a table for people and as JSON for machines."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.rest.measuring import GOAL_MS, Sizes
from bench.results import Latency


def as_json(measured: Mapping[str, Latency], *, machine: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
    """Return everything that was measured."""
    calls = {name: asdict(times) | {"met": times.p95 <= GOAL_MS} for name, times in measured.items()}
    return {"machine": dict(machine), "sizes": asdict(sizes), "goal_p95_ms": GOAL_MS, "calls_ms": calls}


def show(measured: Mapping[str, Latency], *, sizes: Sizes, console: Console) -> None:
    """Print the table."""
    table = Table(title=f"Calls among {sizes.rows} requests, ms", title_justify="left")
    for column in ("", "p50", "p95", f"goal p95 ≤ {GOAL_MS:g}"):
        table.add_column(column, justify="right" if column.startswith("p") else "left")
    for name, times in measured.items():
        table.add_row(
            name, f"{times.p50:.1f}", f"{times.p95:.1f}", "met" if times.p95 <= GOAL_MS else "MISSED"
        )
    console.print(table)
