"""The results as tables for people and as JSON for machines."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.scale.measuring import Measured, Sizes

_MIB = 1024**2


def as_json(measured: Measured, *, machine: Mapping[str, Any], sizes: Sizes) -> dict[str, Any]:
    """Return everything that was measured."""
    return {"machine": dict(machine), "sizes": asdict(sizes), **asdict(measured)}


def show(measured: Measured, *, sizes: Sizes, console: Console) -> None:
    """Print the tables."""
    table = Table(title=f"Work among {sizes.rows} requests", title_justify="left")
    for column in ("", "requests", "seconds", "per second", "statements", "peak MiB", "idle MiB"):
        table.add_column(column, justify="right" if column else "left")
    for name, work in measured.works.items():
        table.add_row(
            name,
            str(work.requests),
            f"{work.seconds:.1f}",
            f"{work.requests / work.seconds:.0f}",
            str(work.statements),
            f"{work.peak_bytes / _MIB:.0f}",
            f"{work.idle_bytes / _MIB:.0f}",
        )
    console.print(table)
    pages = Table(title="Search pages, ms", title_justify="left")
    for column in ("", "p50", "p95"):
        pages.add_column(column, justify="right" if column else "left")
    for name, times in measured.pages.items():
        pages.add_row(name, f"{times.p50:.1f}", f"{times.p95:.1f}")
    console.print(pages)
