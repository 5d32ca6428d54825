"""What the demonstration shows: how it gets on, and the table at its end."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scripts.demonstration.observation import Journey
from scripts.demonstration.orders import Order, Verdict

#: Width of the table where there is no terminal.
_PLAIN_WIDTH: Final = 160
#: Narrower terminals have no room for file names in the table.
_WIDE: Final = 140
_NOTHING: Final = "-"
#: More requests than this share one bar.
_MANY: Final = 24


def open_console() -> Console:
    """Return the console; a wide one where the output goes to a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


class Board:
    """A bar for each request while its block lasts; where there is no terminal, a line when one has ended."""

    def __init__(self, *, console: Console, orders: Sequence[Order], steps: Sequence[str]) -> None:
        self._console = console
        self._steps = steps
        self._progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[activity]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            auto_refresh=False,
            disable=not console.is_terminal,
        )
        shown = len(orders) <= _MANY
        self._bars = {
            order.request_id: self._progress.add_task(
                order.request_id, total=len(steps), activity="", visible=shown
            )
            for order in orders
        }
        self._all = self._progress.add_task("[bold]all steps", total=len(orders) * len(steps), activity="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, journeys: dict[str, Journey]) -> None:
        """Show how far each request is."""
        for request_id, journey in journeys.items():
            done = len(journey.steps)
            activity = self._steps[done] if done < len(self._steps) else "[green]done"
            self._progress.update(self._bars[request_id], completed=done, activity=activity)
        self._progress.update(self._all, completed=sum(len(each.steps) for each in journeys.values()))
        self._progress.refresh()

    def ended(self, request_id: str, *, state: str, seconds: float) -> None:
        """Say that a request has ended."""
        if not self._console.is_terminal:
            self._console.print(f"  {request_id}: {state} after {seconds:.2f} s")


def show_table(*, console: Console, verdicts: Sequence[Verdict], steps: Sequence[str], storage: Path) -> None:
    """Print what came of each request; in a narrow terminal the result files stand below the table."""
    wide = console.width >= _WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("request", no_wrap=True)
    for step in steps:
        table.add_column(step)
    table.add_column("total", justify="right")
    table.add_column("checked", no_wrap=True)
    if wide:
        table.add_column("result, in the request's folder")
    for verdict in verdicts:
        row = _row(verdict, steps=steps)
        table.add_row(*row, *([_result(verdict, storage=storage)] if wide else []))
    console.print(table)
    console.print("A step's seconds include the wait for a free worker.")
    for verdict in () if wide else verdicts:
        result = f"{verdict.order.request_id}/{_result(verdict, storage=storage)}"
        console.print(result, markup=False, soft_wrap=True)
    for verdict in verdicts:
        if verdict.fault:
            console.print(f"[red]{verdict.order.request_id}[/]: ", end="")
            console.print(verdict.fault, markup=False)


def _row(verdict: Verdict, *, steps: Sequence[str]) -> list[str]:
    seen = [f"{step.worker_id} {step.seconds:.2f} s" for step in verdict.journey.steps]
    return [
        verdict.order.request_id,
        *(seen + [_NOTHING] * len(steps))[: len(steps)],
        _NOTHING if verdict.seconds is None else f"{verdict.seconds:.2f} s",
        "[red]✗ see below" if verdict.fault else f"[green]✓[/] {verdict.facts} facts",
    ]


def _result(verdict: Verdict, *, storage: Path) -> str:
    file, folder = verdict.result, storage / verdict.order.request_id
    if file is None:
        return _NOTHING
    return str(file.relative_to(folder) if file.is_relative_to(folder) else file)
