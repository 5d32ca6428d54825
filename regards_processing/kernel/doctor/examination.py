"""Make the checks: each within its time, and none stopped by another."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from datetime import datetime

from regards_processing.kernel.doctor.checks import Check
from regards_processing.kernel.doctor.findings import Finding, Outcome, failed, skipped
from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.observability.bounded import Bounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What one check found."""

    check: Check
    findings: tuple[Finding, ...]
    #: Seconds that it took.
    took: float

    @property
    def outcome(self) -> Outcome:
        """The worst that was found."""
        return max((finding.outcome for finding in self.findings), default=Outcome.OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What all checks found."""

    diagnoses: tuple[Diagnosis, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst that was found."""
        return max((diagnosis.outcome for diagnosis in self.diagnoses), default=Outcome.OK)

    def count(self, outcome: Outcome) -> int:
        """Return how many checks ended so."""
        return sum(diagnosis.outcome == outcome for diagnosis in self.diagnoses)


def examine(
    checks: Iterable[Check], *, at: datetime, on_diagnosis: Callable[[Diagnosis], object] = lambda _: None
) -> Examination:
    """Make the checks in order; one that needs another which failed is skipped.

    Args:
        on_diagnosis: hears of each check when it has ended.
    """
    diagnoses: list[Diagnosis] = []
    for check in checks:
        started = time.monotonic()
        bad = [
            done.check.name
            for done in diagnoses
            if done.check.name in check.needs and done.outcome == Outcome.FAILED
        ]
        findings = (skipped(f"not looked at, because {bad[0]} failed"),) if bad else _made(check, at)
        diagnosis = Diagnosis(check=check, findings=findings, took=time.monotonic() - started)
        diagnoses.append(diagnosis)
        on_diagnosis(diagnosis)
    return Examination(diagnoses=tuple(diagnoses))


def _made(check: Check, at: datetime) -> tuple[Finding, ...]:
    """Make a check in a thread of its own, which is left behind when it takes too long."""
    try:
        return Bounded(lambda now: tuple(check.look(now))).begin(at).result(timeout=check.timeout)
    except TookTooLong:
        found, advice = f"no answer within {check.timeout:g} s", "See whether what it asks hangs."
    except DomainError as error:
        found, advice = str(error), "See what the error says."
    except Exception as error:  # noqa: BLE001 (no check may stop the others)
        found, advice = f"the check itself failed: {error!r}", "Report it: this is a defect of the check."
    return (failed(found, advice=advice),)
