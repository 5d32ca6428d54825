"""How long work on a request takes at most, as its worker type declares it: for all of them, or for each."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from workers.contract.work_request import WorkRequest
from workers.sdk.errors import DeclarationError, told
from workers.sdk.masking import masked

#: Seconds from which on work is long: a third of the 30 minutes that RabbitMQ leaves a worker its message.
LONG: Final = 600.0
_MOST_SECONDS: Final = 31_536_000.0

#: Tells how many seconds work on a request takes at most; ``None`` when nobody knows.
LengthOf = Callable[[WorkRequest], float | None]

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Length:
    """What a worker type declares: seconds, a function that tells them of a request, or nothing."""

    declared: float | LengthOf | None = None

    @property
    def of_all(self) -> float | None:
        """Seconds that work on any request takes at most; ``None`` when nobody knows before it is here."""
        return None if callable(self.declared) else self.declared

    @property
    def may_be_long(self) -> bool:
        """Whether work on some request may be long enough for a broker to lose its patience."""
        return callable(self.declared) or is_long(self.declared)

    @property
    def held(self) -> float | None:
        """Seconds that the message of a request is held at most; ``None`` when nobody knows."""
        if callable(self.declared):
            return LONG
        return 0.0 if is_long(self.declared) else self.declared

    def of(self, request: WorkRequest, *, loaded: Callable[[WorkRequest], WorkRequest]) -> float | None:
        """Return how many seconds work on this request takes at most; ``None`` when nobody knows.

        A function that fails, or tells what no length is, knows nothing: whether the request makes sense is
        seen when it is run. It gets the request as ``loaded`` returns it, with its content.
        """
        if not callable(self.declared):
            return self.declared
        try:
            seconds = self.declared(loaded(request))
            if seconds is None or seconds > 0:
                return seconds
            problem = f"{seconds!r:.60} is told, more than 0 seconds are expected"
        # Whatever it is: the event loop must go on.
        except Exception as error:  # noqa: BLE001
            problem = masked(told(error))[:200]
        _log.warning(
            "length of a request is not known: %s",
            problem,
            extra={"action": "request.length_unknown", "request_id": request.request_id},
        )
        return None


def is_long(seconds: float | None) -> bool:
    """Tell whether work of so many seconds is long; what nobody knows the length of is not."""
    return seconds is not None and seconds >= LONG


def checked(longest: float | LengthOf | None, *, worker_type: str, bulk: int) -> Length:
    """Return a length as it is declared.

    Raises:
        DeclarationError: no work takes so long, or work of such a length is not taken in bulks.
    """
    length = Length(longest)
    seconds = length.of_all
    if seconds is not None and not 0 < seconds <= _MOST_SECONDS:
        raise DeclarationError(
            f"Worker type {worker_type!r}: longest must be more than 0 and at most {_MOST_SECONDS:.0f} "
            f"seconds, got {seconds}"
        )
    if length.may_be_long and bulk > 1:
        raise DeclarationError(
            f"Worker type {worker_type!r}: work of {LONG:.0f} seconds and more, or whose length a function "
            "tells, is taken one by one, not in bulks"
        )
    return length
