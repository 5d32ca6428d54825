"""The results as tables for people and as JSON for machines."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.processing.measuring import BigOrder, Measured
from bench.processing.options import Sizes
from bench.report import throughput_as_json

_MIB = 1024**2


def as_json(measured: Measured, *, machine: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
    """Return everything that was measured, each repetition included."""
    return {
        "machine": dict(machine),
        "sizes": asdict(sizes),
        "throughput": {name: throughput_as_json(each) for name, each in measured.throughput.items()},
        "big_order": asdict(measured.big_order),
        "calls_ms": {name: asdict(times) for name, times in measured.calls.items()},
    }


def show(measured: Measured, *, sizes: Sizes, console: Console) -> None:
    """Print the tables."""
    table = Table(title="Executions, medians", title_justify="left")
    for column in ("", "per second", "CPU ms each", "CPU ms by process"):
        table.add_column(column, justify="right" if column.startswith("per") else "left")
    for name, each in measured.throughput.items():
        shares = ", ".join(f"{tree} {ms:.2f}" for tree, ms in each.cpu_ms_by_process().items())
        table.add_row(name, f"{each.per_second:.0f}", f"{each.cpu_ms:.2f}", shares)
    console.print(table)
    console.print(_big(measured.big_order))
    calls = Table(title=f"Among {sizes.rows} executions, ms", title_justify="left")
    for column in ("", "p50", "p95"):
        calls.add_column(column, justify="right" if column else "left")
    for name, times in measured.calls.items():
        calls.add_row(name, f"{times.p50:.1f}", f"{times.p95:.1f}")
    console.print(calls)


def _big(order: BigOrder) -> Table:
    title = (
        f"One execution with {order.files} files, an order of {order.message_bytes / _MIB:.1f} MiB: "
        f"{order.seconds:.1f} s"
    )
    table = Table(title=title, title_justify="left")
    for column in ("process", "idle MiB", "peak MiB"):
        table.add_column(column, justify="left" if column == "process" else "right")
    for name, peak in order.peak_bytes.items():
        table.add_row(name, f"{order.idle_bytes[name] / _MIB:.0f}", f"{peak / _MIB:.0f}")
    return table
