"""Whether a process can do its work now: checks, run side by side, each bounded in time."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string

from regards_processing.kernel.observability.bounded import Bounded
from regards_processing.kernel.observability.metrics import CHECK_FAILURES
from regards_processing.kernel.tenancy.queries import tenants_in_maintenance
from workers.observability.answers import Health
from workers.observability.readiness import CheckResult, CheckStatus, Readiness

log = logging.getLogger(__name__)


class Unfit(Exception):
    """A check failed; the text says why, in a sentence that anybody may read."""


#: Takes the time; returns a sentence when all is well, raises `Unfit` or anything else when it is not.
CheckFunction = Callable[[datetime], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed:
    """What a check said, and how long it took."""

    passed: bool
    reason: str
    seconds: float
    #: For the log alone: it may name hosts and users.
    detail: str = ""


class Checks:
    """The checks of one process."""

    def __init__(
        self, checks: Mapping[str, CheckFunction], *, required: Collection[str] | None = None
    ) -> None:
        """Prepare checks by name; those that are not ``required`` only warn. Without it all are."""
        self._runs = {name: Bounded(_timed(check)) for name, check in checks.items()}
        self._required = frozenset(checks if required is None else required)
        self._passed: dict[str, bool] = {}

    def run(self, *, at: datetime) -> Readiness:
        """Run all checks at the same time; each may take `settings.CHECK_TIMEOUT` seconds."""
        until = time.monotonic() + settings.CHECK_TIMEOUT
        begun = {name: run.begin(at) for name, run in self._runs.items()}
        return Readiness.of(self._result(name, future, until) for name, future in begun.items())

    def _result(self, name: str, future: "Future[_Timed]", until: float) -> CheckResult:
        try:
            found = future.result(timeout=max(0.0, until - time.monotonic()))
        except TookTooLong:
            seconds = self._runs[name].took()
            found = _Timed(passed=False, reason=f"No answer after {seconds:.1f} s", seconds=seconds)
        self._tell(name, found)
        failed = CheckStatus.FAILED if name in self._required else CheckStatus.WARNED
        return CheckResult(
            name=name,
            status=CheckStatus.PASSED if found.passed else failed,
            seconds=found.seconds,
            reason=found.reason,
        )

    def _tell(self, name: str, found: _Timed) -> None:
        """Count every failure; log the first one, and the end of it."""
        if not found.passed:
            CHECK_FAILURES.labels(name).inc()
        if self._passed.get(name, True) != found.passed:
            fields = {"action": "health.changed", "check": name, "reason": found.detail or found.reason}
            level, text = (
                (logging.INFO, "check passes again") if found.passed else (logging.WARNING, "check fails")
            )
            log.log(level, text, extra=fields)
        self._passed[name] = found.passed


def _timed(check: CheckFunction) -> Callable[[datetime], _Timed]:
    def run(at: datetime) -> _Timed:
        started = time.perf_counter()
        passed, detail = False, ""
        try:
            reason, passed = check(at), True
        except Unfit as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 (whatever it is, the process is not ready)
            reason, detail = f"It failed with {type(error).__name__}", repr(error)
        seconds = time.perf_counter() - started
        return _Timed(passed=passed, reason=reason, seconds=seconds, detail=detail)

    return run


@cache
def platform_checks() -> Checks:
    """Return the checks of the platform as a whole, as the settings name them."""
    return Checks(
        {name: import_string(path) for name, path in settings.HEALTH_CHECKS.items()},
        required=settings.READY_REQUIRES,
    )


def readiness(*, at: datetime) -> Readiness:
    """Return whether the platform can do its work now, check by check."""
    return platform_checks().run(at=at)


def health(*, at: datetime) -> Health:
    """Return the health of the platform: its readiness, and whether a tenant is in maintenance."""
    until = time.monotonic() + settings.CHECK_TIMEOUT
    asked = _maintenance.begin(at)
    found = readiness(at=at)
    try:
        tenants = asked.result(timeout=max(0.0, until - time.monotonic()))
    except Exception:  # noqa: BLE001 (the check of the database tells)
        tenants = []
    reason = f"Tenants in maintenance: {len(tenants)}" if tenants else None
    return Health(readiness=found, out_of_service=reason)


_maintenance: Final = Bounded(lambda _at: tenants_in_maintenance())
