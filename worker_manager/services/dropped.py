"""Messages that did not count."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dropped:
    """A message of a bulk that was understood but must not count."""

    #: Place in the bulk.
    position: int
    reason: str
