"""What a look at the platform found. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Outcome(IntEnum):
    """How serious something is; the larger, the worse."""

    #: It does not apply here, or cannot be seen from here.
    SKIPPED = 0
    OK = 1
    #: It works, but somebody should look.
    WARNING = 2
    FAILED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found, in words that name it, and what to do about it."""

    outcome: Outcome
    found: str
    #: What to do, one step a line; empty when there is nothing to do.
    advice: str = ""
    #: The same for machines, when there is more to say than the words.
    facts: Mapping[str, Any] = field(default_factory=dict)


def ok(found: str, **facts: Any) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(outcome=Outcome.OK, found=found, facts=facts)


def skipped(found: str, *, advice: str = "") -> Finding:
    """Return why nothing could be found."""
    return Finding(outcome=Outcome.SKIPPED, found=found, advice=advice)


def warning(found: str, *, advice: str, **facts: Any) -> Finding:
    """Return something that somebody should look at."""
    return Finding(outcome=Outcome.WARNING, found=found, advice=advice, facts=facts)


def failed(found: str, *, advice: str, **facts: Any) -> Finding:
    """Return something that does not work, or will not."""
    return Finding(outcome=Outcome.FAILED, found=found, advice=advice, facts=facts)
