"""Which messages of a dead-letter queue are meant."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from regards_processing.kernel.amqp.browsing import Letter
from regards_processing.kernel.dead_letters.description import DeadLetter, identity_of

#: Messages that one call looks at: each is a round trip to the broker.
LOOKED_AT: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The next messages of a queue that fit; all conditions must hold."""

    queue: str
    #: At most so many; ``None`` for all that are there at the start.
    limit: int | None = None
    #: Only among the next so many of the queue, to limit the work.
    within: int | None = None
    #: Look no longer than so many seconds, likewise.
    patience: float | None = None
    #: Only those of this request.
    request_id: str | None = None
    #: Only those of the tenant of this name.
    tenant: str | None = None
    #: Only those whose reason contains this, whatever the case.
    reason: str | None = None
    #: Only these (`DeadLetter.identity`); of equal messages as many as are named.
    identities: tuple[str, ...] | None = None

    def pick(self, letters: Iterator[Letter]) -> "Pick":
        """Return the messages that are meant, in their order."""
        return Pick(self, letters)

    def as_json(self) -> dict[str, Any]:
        """Return what was chosen, for the audit trail; what restricts nothing is left out."""
        told = {
            "requestId": self.request_id,
            "tenant": self.tenant,
            "reason": self.reason,
            "limit": self.limit,
            "within": self.within,
            "chosen": None if self.identities is None else len(self.identities),
        }
        return {name: value for name, value in told.items() if value is not None}

    def fits(self, letter: Letter) -> bool:
        """Return whether a message is meant, but for its identity."""
        if self.request_id is self.tenant is self.reason is None:
            return True
        told = DeadLetter.of(letter)
        return (
            self.request_id in {None, told.request_id}
            and self.tenant in {None, told.tenant}
            and (self.reason or "").casefold() in told.reason.casefold()
        )


class Pick(Iterator[Letter]):
    """The messages that a choice means, each looked at when it is asked for."""

    def __init__(self, choice: Choice, letters: Iterator[Letter]) -> None:
        self._choice = choice
        self._meant = islice(self._named(filter(choice.fits, self._looked_at(letters))), choice.limit)
        #: Whether there were more than could be looked at.
        self.cut = False

    def __next__(self) -> Letter:
        """Return the next one."""
        return next(self._meant)

    def _looked_at(self, letters: Iterator[Letter]) -> Iterator[Letter]:
        within, patience = self._choice.within, self._choice.patience
        begun = time.monotonic()
        for number, letter in enumerate(letters):
            late = patience is not None and time.monotonic() - begun > patience
            if number == within or late:
                self.cut = True
                return
            yield letter

    def _named(self, letters: Iterator[Letter]) -> Iterator[Letter]:
        if self._choice.identities is None:
            yield from letters
            return
        wanted = Counter(self._choice.identities)
        for letter in letters:
            name = identity_of(letter.message)
            if wanted[name]:
                wanted[name] -= 1
                yield letter
            if not wanted.total():
                return
