"""The figures as a table for people and as JSON for machines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.flood.measuring import Flood, Sizes


def as_json(measured: Sequence[Flood], *, machine: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
    """Return everything that was measured."""
    goals = [flood.goal() for flood in measured]
    return {
        "machine": dict(machine),
        "sizes": asdict(sizes),
        "floods": [asdict(flood) for flood in measured],
        "goals": [asdict(goal) | {"met": goal.met} for goal in goals],
    }


def show(measured: Sequence[Flood], *, sizes: Sizes, console: Console) -> None:
    """Print the table."""
    title = f"Requests of one tenant while {sizes.flood} of another wait: ms to success, p50 and p95"
    table = Table(title=title, title_justify="left")
    for column in ("work", "usual", "held", "times", "goal", "coming in", "done/s"):
        table.add_column(column, justify="left" if column in {"work", "goal"} else "right")
    for flood in measured:
        goal = flood.goal()
        table.add_row(
            f"{flood.work:g} s",
            f"{flood.usual.p50:.0f} {flood.usual.p95:.0f}",
            f"{flood.held.p50:.0f} {flood.held.p95:.0f}",
            f"{goal.reached:.2f}",
            f"≤ {goal.target:g} {'met' if goal.met else 'MISSED'}",
            f"≤ {flood.longest_arriving:.0f}",
            f"{flood.done:.1f}/{flood.most:g}",
        )
    console.print(table)
