"""How long an attempt may take, and what follows when it fails. Pure; no database."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final, Self


class Failure(StrEnum):
    """What ended an attempt that did not succeed."""

    #: The worker said that the work failed, or left out the content that the next step needs.
    ERROR = "ERROR"
    #: The worker refused the content.
    INVALID_CONTENT = "INVALID_CONTENT"
    #: The process that ran it died.
    LOST = "LOST"
    #: No worker gave a sign in time.
    QUEUE_TIMEOUT = "QUEUE_TIMEOUT"
    #: The worker had started, and gave no further sign in time.
    RUN_TIMEOUT = "RUN_TIMEOUT"
    #: The message came back dead.
    DEAD_LETTER = "DEAD_LETTER"


#: No worker said anything about the end of these attempts.
UNANSWERED: Final = frozenset({Failure.LOST, Failure.QUEUE_TIMEOUT, Failure.RUN_TIMEOUT})


class BackoffKind(StrEnum):
    """How pauses grow."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The pause before a new attempt, in seconds."""

    kind: BackoffKind = BackoffKind.EXPONENTIAL
    #: Before the second attempt.
    delay: float = 10.0
    #: How much longer each pause is than the one before, when they grow.
    factor: float = 2.0
    #: The longest pause.
    cap: float = 3600.0
    #: The part of a pause that chance may take away, so that what failed together does not return together.
    jitter: float = 0.0

    def seconds(self, *, failed: int, chance: float) -> float:
        """Return the pause after so many failed attempts, from 1; ``chance`` is from 0 up to 1."""
        longest = min(self._grown(failed), self.cap)
        return longest * (1 - self.jitter * chance)

    def _grown(self, failed: int) -> float:
        if self.kind is BackoffKind.FIXED:
            return self.delay
        try:
            return self.delay * self.factor ** (failed - 1)
        except OverflowError:
            return self.cap

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what a configuration file or `to_json` says; absent and null keys have their default."""
        given = {name: value for name, value in stored.items() if value is not None}
        if "kind" in given:
            given["kind"] = BackoffKind(given["kind"])
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the default, as a configuration file has it."""
        plain = type(self)()
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in parts.items() if value != getattr(plain, name)}


#: The next attempt starts at once.
AT_ONCE: Final = Backoff(kind=BackoffKind.FIXED, delay=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is configured for a worker type or a step; ``None`` leaves it to whoever is asked next."""

    #: Seconds from the dispatch to the first sign of a worker.
    queue_timeout: float | None = None
    #: Seconds between two signs of the worker, and from the last one to its answer.
    run_timeout: float | None = None
    #: Attempts at a step, the first one included.
    max_attempts: int | None = None
    backoff: Backoff | None = None
    retry_on: frozenset[Failure] | None = None

    def over(self, other: "Policy") -> "Policy":
        """Return this policy, with the keys it leaves open taken from another one."""
        if self == UNSET:
            return other
        if other == UNSET:
            return self
        return Policy(
            **{
                field.name: _first(getattr(self, field.name), getattr(other, field.name))
                for field in fields(self)
            }
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> "Policy":
        """Read what a configuration file or `to_json` says; absent and null keys are left open."""
        given = {_NAMES[key]: value for key, value in (stored or {}).items() if value is not None}
        if not given:
            return UNSET
        if "backoff" in given:
            given["backoff"] = Backoff.from_json(given["backoff"])
        if "max_attempts" in given:
            # To JSON, 3.0 is a whole number.
            given["max_attempts"] = int(given["max_attempts"])
        if "retry_on" in given:
            given["retry_on"] = frozenset(Failure(name) for name in given["retry_on"])
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return the keys that are set, as a configuration file has them."""
        values = {key: getattr(self, name) for key, name in _NAMES.items()}
        given = {key: value for key, value in values.items() if value is not None}
        if self.backoff is not None:
            given["backoff"] = self.backoff.to_json()
        if self.retry_on is not None:
            given["retryOn"] = sorted(self.retry_on)
        return given


#: Key of a configuration file, and the field it fills.
_NAMES: Final = {
    "queueTimeout": "queue_timeout",
    "runTimeout": "run_timeout",
    "maxAttempts": "max_attempts",
    "backoff": "backoff",
    "retryOn": "retry_on",
}
#: Nothing is configured.
UNSET: Final = Policy()


@dataclass(frozen=True, slots=True)
class Retry:
    """A new attempt follows after this many seconds."""

    after: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The request ends, with its step tried this often."""

    attempts: int


def verdict(
    policy: Policy, failure: Failure, *, failed: int, default_attempts: int, chance: float
) -> Retry | GiveUp:
    """Return what follows a failed attempt.

    Args:
        policy: of the step.
        failure: what ended the attempt.
        failed: failed attempts at the step so far, this one included.
        default_attempts: attempts that a step has when its policy does not say.
        chance: from 0 up to 1, another one for each attempt.
    """
    retried = UNANSWERED if policy.retry_on is None else policy.retry_on
    if failure not in retried or failed >= attempts_allowed(policy, default_attempts):
        return GiveUp(failed)
    return Retry((policy.backoff or AT_ONCE).seconds(failed=failed, chance=chance))


def attempts_allowed(policy: Policy, default_attempts: int) -> int:
    """Return how many attempts a step has."""
    return policy.max_attempts or default_attempts


def last_words(failure: Failure, reason: str | None, *, attempts: int) -> str | None:
    """Return the error of a request that is given up after so many attempts at its step."""
    if failure in UNANSWERED:
        return f"Given up after {attempts} attempts without an answer: {reason}"
    # The worker's own words, as in the reference, unless there is more to say.
    return reason if attempts == 1 else f"Given up after {attempts} attempts: {reason or failure.value}"


def _first(own: Any, other: Any) -> Any:
    return other if own is None else own
