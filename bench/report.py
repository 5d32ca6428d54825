"""The results as a table for people and as JSON for machines."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.options import FleetShape, Sizes
from bench.results import Results, Throughput, goals

_MIB = 1024**2


def as_json(
    results: Results, *, machine: Mapping[str, Any], shape: FleetShape, sizes: Sizes
) -> dict[str, Any]:
    """Return everything that was measured, each repetition included."""
    return {
        "machine": dict(machine),
        "fleet": asdict(shape),
        "sizes": asdict(sizes),
        "reception_per_second": {"waiting": results.reception_backlog, "arriving": results.reception_stream},
        "throughput": {name: throughput_as_json(measured) for name, measured in results.throughput.items()},
        "latency_ms": {name: asdict(measured) for name, measured in results.latency.items()},
        "peak_memory_bytes": results.peak_memory,
        "manager_peak_memory_bytes_after_requests": results.manager_memory,
        "goals": [asdict(goal) | {"met": goal.met} for goal in goals(results)],
    }


def throughput_as_json(measured: Throughput) -> dict[str, Any]:
    """Return the medians of one kind of work, and each repetition."""
    return {
        "per_second": measured.per_second,
        "cpu_ms": measured.cpu_ms,
        "cpu_ms_by_process": measured.cpu_ms_by_process(),
        "runs": [asdict(run) | {"per_second": run.per_second, "cpu_ms": run.cpu_ms} for run in measured.runs],
    }


def show(results: Results, *, shape: FleetShape, console: Console) -> None:
    """Print the tables."""
    console.print(_throughputs(results, shape))
    console.print(_latencies(results))
    console.print(_memory(results))
    console.print(_goals(results))


def _throughputs(results: Results, shape: FleetShape) -> Table:
    title = (
        f"Whole requests: {shape.managers} managers, two fleet processes with pool {shape.pool}, "
        f"concurrency {shape.concurrency}, prefetch {shape.prefetch}"
    )
    table = _table(title, "", "per second", "CPU ms each", "CPU ms by process")
    for name, measured in results.throughput.items():
        shares = ", ".join(f"{tree} {ms:.2f}" for tree, ms in measured.cpu_ms_by_process().items())
        table.add_row(name, f"{measured.per_second:.0f}", f"{measured.cpu_ms:.2f}", shares)
    return table


def _latencies(results: Results) -> Table:
    table = _table("Lone requests, ms", "", "p50", "p95")
    for name, measured in results.latency.items():
        table.add_row(name, f"{measured.p50:.1f}", f"{measured.p95:.1f}")
    return table


def _memory(results: Results) -> Table:
    table = _table("Peak memory, MiB", "process", "peak")
    for name, peak in results.peak_memory.items():
        table.add_row(name, f"{peak / _MIB:.0f}")
    for count, peak in results.manager_memory.items():
        table.add_row(f"fresh manager after {count} requests", f"{peak / _MIB:.1f}")
    return table


def _goals(results: Results) -> Table:
    table = _table("Goals (medians, and ratios within this run)", "", "reached", "goal", "")
    for goal in goals(results):
        sign = "≥" if goal.at_least else "≤"
        table.add_row(
            goal.name, f"{goal.reached:.2f}", f"{sign} {goal.target:g}", "met" if goal.met else "MISSED"
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        table.add_column(
            column, justify="right" if column.startswith(("p", "reached", "goal")) and position else "left"
        )
    return table
