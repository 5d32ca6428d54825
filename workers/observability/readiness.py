"""Whether a process can do its work now: one result a check."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class CheckStatus(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    #: Somebody should look; the process is ready all the same.
    WARNED = "warned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check found."""

    name: str
    status: CheckStatus
    #: How long it took.
    seconds: float
    #: One sentence for anybody: no address, no name of a user, no secret.
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the result as ``/readyz`` shows it."""
        return {
            "name": self.name,
            "status": self.status.value,
            "durationMs": round(self.seconds * 1000, 1),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Readiness:
    """What all checks found."""

    checks: tuple[CheckResult, ...]

    @classmethod
    def of(cls, checks: Iterable[CheckResult]) -> "Readiness":
        """Gather results."""
        return cls(tuple(checks))

    @property
    def ready(self) -> bool:
        """Whether no check failed."""
        return all(check.status is not CheckStatus.FAILED for check in self.checks)

    @property
    def reasons(self) -> list[str]:
        """Why the process is not ready; empty when it is."""
        return [
            f"{check.name}: {check.reason}" for check in self.checks if check.status is CheckStatus.FAILED
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the results as ``/readyz`` shows them."""
        return {"ready": self.ready, "checks": [check.to_json() for check in self.checks]}
