"""Checks run side by side, each bounded in time, and are told once."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from regards_processing.kernel.observability.bounded import Bounded
from regards_processing.kernel.observability.health import Checks, Unfit
from regards_processing.kernel.observability.metrics import CHECK_FAILURES
from regards_processing.kernel.tenancy import visibility
from workers.observability.readiness import CheckStatus, Readiness

AT = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Give what a check waits for in vain."""
    event = threading.Event()
    yield event
    event.set()


def _good(_at: datetime) -> str:
    return "fine"


def _unfit(_at: datetime) -> str:
    raise Unfit("too late")


def _broken(_at: datetime) -> str:
    raise ConnectionError("to host db-7 as user admin")


def _found(readiness: Readiness) -> dict[str, tuple[CheckStatus, str]]:
    return {check.name: (check.status, check.reason) for check in readiness.checks}


def test_it_is_ready_when_every_check_passes() -> None:
    readiness = Checks({"one": _good, "two": _good}).run(at=AT)
    assert readiness.ready
    assert readiness.reasons == []
    assert _found(readiness) == {"one": (CheckStatus.PASSED, "fine"), "two": (CheckStatus.PASSED, "fine")}


def test_it_is_not_ready_when_one_fails() -> None:
    readiness = Checks({"one": _good, "two": _unfit}).run(at=AT)
    assert not readiness.ready
    assert readiness.reasons == ["two: too late"]


def test_it_only_warns_of_a_check_that_is_not_required() -> None:
    readiness = Checks({"one": _good, "two": _unfit}, required=["one"]).run(at=AT)
    assert readiness.ready
    assert _found(readiness)["two"] == (CheckStatus.WARNED, "too late")


def test_it_tells_nobody_what_an_unforeseen_error_says(caplog: pytest.LogCaptureFixture) -> None:
    readiness = Checks({"one": _broken}).run(at=AT)
    assert readiness.reasons == ["one: It failed with ConnectionError"]
    assert "db-7" in str(vars(caplog.records[-1]))


def test_it_waits_no_longer_than_allowed_however_many_hang(
    settings: Settings, never: threading.Event
) -> None:
    settings.CHECK_TIMEOUT = 0.3

    def hang(_at: datetime) -> str:
        never.wait(20)
        return "late"

    checks = Checks({"good": _good, "a": hang, "b": hang, "c": hang})
    for _ in range(2):
        started = time.monotonic()
        readiness = checks.run(at=AT)
        assert time.monotonic() - started < 0.6
        assert _found(readiness)["good"] == (CheckStatus.PASSED, "fine")
        assert [check.reason[:15] for check in readiness.checks[1:]] == ["No answer after"] * 3


def test_it_logs_a_failure_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    results = iter([_unfit, _unfit, _good, _good])

    def turning(at: datetime) -> str:
        return next(results)(at)

    checks = Checks({"turning": turning})
    for _ in range(4):
        checks.run(at=AT)
    told = [(record.levelname, record.message) for record in caplog.records]
    assert told == [("WARNING", "check fails"), ("INFO", "check passes again")]


def test_it_counts_every_failure() -> None:
    counter = CHECK_FAILURES.labels("counted")
    checks = Checks({"counted": _unfit})
    for _ in range(3):
        checks.run(at=AT)
    assert counter._value.get() == 3  # noqa: SLF001 (the library has no other reader)


def test_it_lets_callers_join_a_run_that_is_under_way(never: threading.Event) -> None:
    begun: list[datetime] = []

    def slow(at: datetime) -> int:
        begun.append(at)
        never.wait(20)
        return len(begun)

    bounded = Bounded(slow)
    first, second = bounded.begin(AT), bounded.begin(AT)
    never.set()
    assert (first.result(10), second.result(10)) == (1, 1)
    assert bounded.begin(AT).result(10) == 2


def test_it_sees_the_rows_of_every_tenant_though_calls_do_not() -> None:
    with visibility.seeing_nothing():
        assert Bounded(lambda _at: visibility.seen()).begin(AT).result(10) == visibility.EVERYTHING
        assert visibility.seen() == visibility.NOTHING
