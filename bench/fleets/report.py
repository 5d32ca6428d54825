"""The figures as a table for people and as JSON for machines."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.fleets.measuring import Fleets, Sizes
from bench.options import FleetShape

_MIB = 1024**2


def as_json(
    measured: Fleets, *, machine: Mapping[str, Any], shape: FleetShape, sizes: Sizes
) -> dict[str, Any]:
    """Return everything that was measured, each repetition included."""
    return {
        "machine": dict(machine),
        "fleet": asdict(shape),
        "sizes": asdict(sizes),
        **asdict(measured),
        "goals": [asdict(goal) | {"met": goal.met} for goal in measured.goals()],
    }


def show(measured: Fleets, *, shape: FleetShape, console: Console) -> None:
    """Print the tables."""
    title = f"No-op tasks, one process each, concurrency {shape.concurrency}, prefetch {shape.prefetch}"
    table = Table(title=title, title_justify="left")
    for column in ("pool", "task", "CPU ms each", "idle MiB"):
        table.add_column(column, justify="left" if column in {"pool", "task"} else "right")
    for pool, figures in measured.pools.items():
        for name, size in figures.idle_bytes.items():
            table.add_row(pool, name, f"{figures.cpu(name):.3f}", f"{size / _MIB:.0f}")
    console.print(table)
    goals = Table(title="Goals (ratios of medians within this run)", title_justify="left")
    for column in ("", "reached", "goal", " "):
        goals.add_column(column, justify="right" if column.strip() else "left")
    for goal in measured.goals():
        goals.add_row(goal.name, f"{goal.reached:.2f}", f"≤ {goal.target:g}", "met" if goal.met else "MISSED")
    console.print(goals)
