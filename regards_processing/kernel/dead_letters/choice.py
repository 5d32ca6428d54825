"""Which messages of a dead-letter queue are meant."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from regards_processing.kernel.amqp.browsing import Letter
from regards_processing.kernel.dead_letters.description import DeadLetter, identity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The next messages of a queue that fit; all conditions must hold."""

    queue: str
    #: At most so many; ``None`` for all that are there at the start.
    limit: int | None = None
    #: Only among the next so many of the queue, to limit the work.
    within: int | None = None
    #: Only those of this request.
    request_id: str | None = None
    #: Only those of the tenant of this name.
    tenant: str | None = None
    #: Only those whose reason contains this, whatever the case.
    reason: str | None = None
    #: Only these (`DeadLetter.identity`); of equal messages as many as are named.
    identities: tuple[str, ...] | None = None

    def pick(self, letters: Iterator[Letter]) -> Iterator[Letter]:
        """Return the messages that are meant, in their order."""
        fitting = (letter for letter in islice(letters, self.within) if self._fits(letter))
        return islice(self._named(fitting), self.limit)

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

    def _fits(self, letter: Letter) -> bool:
        if self.request_id is self.tenant is self.reason is None:
            return True
        told = DeadLetter.of(letter)
        return (
            self.request_id in {None, told.request_id}
            and self.tenant in {None, told.tenant}
            and (self.reason or "").casefold() in told.reason.casefold()
        )

    def _named(self, letters: Iterator[Letter]) -> Iterator[Letter]:
        if self.identities is None:
            yield from letters
            return
        wanted = Counter(self.identities)
        for letter in letters:
            name = identity_of(letter.message)
            if wanted[name]:
                wanted[name] -= 1
                yield letter
            if not wanted.total():
                return
