"""Which step of a workflow follows which: by number, by condition, and back to the beginning of a loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from workers.contract.conditions import Condition
from workers.contract.repetition import Repeat


class Stop(Protocol):
    """A step, as far as the way goes by it."""

    @property
    def number(self) -> int:
        """Its place among the steps."""

    @property
    def condition(self) -> Condition | None:
        """What must hold of the answer before for it to be taken."""

    @property
    def repeat(self) -> Repeat | None:
        """The loop that ends with it."""


S = TypeVar("S", bound=Stop)


@dataclass(frozen=True, slots=True)
class Taken(Generic[S]):
    """A step that is taken."""

    step: S
    #: Rounds of the loop that it is in that were before; 0 outside of loops.
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Loop:
    """Steps that are repeated together; no step is in two."""

    first: int
    last: int
    repeat: Repeat

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last

    @property
    def steps(self) -> str:
        """Its steps, in words."""
        return f"step {self.last}" if self.first == self.last else f"steps {self.first} to {self.last}"

    def __str__(self) -> str:
        return f"{self.steps}, {self.repeat}"


def loop_of(steps: Sequence[Stop], number: int) -> Loop | None:
    """Return the loop that a step is in."""
    for step in steps:
        if step.repeat is not None:
            back_to = step.repeat.back_to
            loop = Loop(step.number if back_to is None else back_to, step.number, step.repeat)
            if number in loop:
                return loop
    return None


def after(
    steps: Sequence[S], *, number: int, headers: Mapping[str, str], repeats: int = 0
) -> Taken[S] | None:
    """Return what is taken after a step; ``None`` at the end.

    Args:
        steps: sorted by number.
        number: that of the step that ended.
        headers: what conditions look at.
        repeats: rounds of the loop that the step is in that were before.

    Raises:
        RoundsUsedUp: the step would be repeated beyond the rounds that there may be.
    """
    loop, least = loop_of(steps, number), number + 1
    if loop is not None and loop.last == number and loop.repeat.again(headers, repeats=repeats):
        least, repeats = loop.first, repeats + 1
    for step in steps:
        if step.number >= least and (step.condition is None or step.condition.holds(headers)):
            return Taken(step, repeats if loop is not None and step.number in loop else 0)
    return None
