"""The figures as a table for people and as JSON for machines."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.flood.measuring import Flood, Sizes
from bench.results import Latency


def as_json(measured: Sequence[Flood], *, machine: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
    """Return everything that was measured."""
    goals = [goal for flood in measured for goal in flood.goals()]
    return {
        "machine": dict(machine),
        "sizes": asdict(sizes),
        "floods": [asdict(flood) for flood in measured],
        "goals": [asdict(goal) | {"met": goal.met} for goal in goals],
    }


def show(measured: Sequence[Flood], *, sizes: Sizes, console: Console) -> None:
    """Print the table."""
    title = f"Requests of one tenant beside {sizes.flood} of another: ms to success, p50 and p95"
    table = Table(title=title, title_justify="left")
    columns = ("work", "usual", "held", "done/s", "coming in, one queue", "in/s", "a queue each", "in/s")
    for column in columns:
        table.add_column(column, justify="right")
    for flood in measured:
        table.add_row(
            f"{flood.work:g} s",
            _both(flood.usual),
            _both(flood.held),
            f"{flood.done:.1f}/{flood.most:g}",
            _both(flood.shared),
            f"{flood.shared_rate:.0f}",
            _both(flood.own),
            f"{flood.own_rate:.0f}",
        )
    console.print(table)
    for goal in (goal for flood in measured for goal in flood.goals()):
        met = "met" if goal.met else "MISSED"
        console.print(f"{goal.name}: {goal.reached:.2f} (≤ {goal.target:g}: {met})")


def _both(latency: Latency) -> str:
    return f"{latency.p50:.0f} {latency.p95:.0f}"
