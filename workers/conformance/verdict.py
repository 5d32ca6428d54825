"""What was examined, and how it came out."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one point came out."""

    RIGHT = "right"
    WRONG = "WRONG"
    #: It could not be examined, or the caller gave nothing to examine it with.
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One point of the contract."""

    #: What the contract says a worker does.
    rule: str
    outcome: Outcome
    #: What was seen.
    seen: str

    @classmethod
    def of(cls, rule: str, faults: list[str], *, seen: str) -> "Verdict":
        """Return the verdict on a rule: wrong if there is any fault."""
        if faults:
            return cls(rule, Outcome.WRONG, "; ".join(dict.fromkeys(faults)))
        return cls(rule, Outcome.RIGHT, seen)
