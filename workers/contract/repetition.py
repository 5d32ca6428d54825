"""Steps of a workflow that are repeated while a header of the last answer says so. Ours, beyond REGARDS."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from workers.contract.conditions import Condition

#: Name of a loop at its last step, in a configuration file and in a canvas.
REPEAT: Final = "repeat"
FROM: Final = "from"
WHILE: Final = "while"
MOST: Final = "most"
GO_ON: Final = "goOn"
#: In a canvas: the signatures of the steps of a round before the last one, and the rounds that were before.
ROUND_STEPS: Final = "steps"
REPEATS: Final = "repeats"
#: Rounds that a loop may allow.
LEAST_ROUNDS: Final = 2
MOST_ROUNDS: Final = 1000


class RoundsUsedUp(Exception):
    """A loop had all the rounds that it may have, and its condition holds still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A loop, as its last step tells it."""

    #: Another round follows where it holds of the headers of the last answer.
    condition: Condition
    #: Rounds that there may be, the first one included.
    most: int
    #: Number of the step that a round begins with; ``None``: the step repeats itself alone.
    back_to: int | None = None
    #: After the last round that may be, the next step follows; otherwise the request ends in error.
    go_on: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a loop that was checked before."""
        back_to = value.get(FROM)
        return cls(
            condition=Condition.from_json(value[WHILE]),
            most=int(value[MOST]),
            back_to=None if back_to is None else int(back_to),
            go_on=value.get(GO_ON) is True,
        )

    def to_json(self) -> dict[str, Any]:
        """Write the loop as it stands in a configuration file."""
        start = {} if self.back_to is None else {FROM: self.back_to}
        end = {GO_ON: True} if self.go_on else {}
        return {**start, WHILE: self.condition.to_json(), MOST: self.most, **end}

    def again(self, headers: Mapping[str, str], *, repeats: int) -> bool:
        """Tell whether another round follows one that ended with these headers.

        ``repeats`` are the rounds that were before that one.

        Raises:
            RoundsUsedUp: it would, but there may be none, and the work must not go on without.
        """
        if not self.condition.holds(headers):
            return False
        if repeats + 1 < self.most:
            return True
        if self.go_on:
            return False
        raise RoundsUsedUp(
            f"given up after {self.most} rounds, as many as there may be, while still {self.condition}"
        )

    def __str__(self) -> str:
        return f"while {self.condition}, at most {self.most} rounds"
