"""How large the benchmark of executions is."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    repetitions: int
    #: Executions of one repetition; starts of a bare program are as many as those of the shell plugin.
    idle: int
    programs: int
    #: Input files of one execution.
    files: int
    #: Executions in the table while pages are turned and executions counted.
    rows: int
    #: Pages of each kind.
    calls: int
    counts: int


FULL: Final = Sizes(
    repetitions=3, idle=2_000, programs=800, files=10_000, rows=1_000_000, calls=200, counts=20
)
QUICK: Final = Sizes(repetitions=1, idle=200, programs=100, files=1_000, rows=30_000, calls=30, counts=3)
