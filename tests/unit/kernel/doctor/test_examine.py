"""Checks are made one by one, each within its time, and none stops another."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from regards_processing.kernel.doctor.checks import Check, UnknownCheck, chosen_checks, known_checks
from regards_processing.kernel.doctor.examination import Diagnosis, examine
from regards_processing.kernel.doctor.findings import Finding, Outcome, failed, ok, skipped, warning
from regards_processing.kernel.errors import DomainError

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _check(name: str, *findings: Finding, needs: tuple[str, ...] = ()) -> Check:
    return Check(name=name, question="?", look=lambda _at: findings, needs=needs)


def _failing(error: Exception) -> Check:
    def look(_at: datetime) -> Iterator[Finding]:
        yield ok("fine so far")
        raise error

    return Check(name="broken", question="?", look=look)


def _outcomes(*checks: Check) -> list[tuple[str, Outcome]]:
    examination = examine(checks, at=NOON)
    return [(diagnosis.check.name, diagnosis.outcome) for diagnosis in examination.diagnoses]


@pytest.mark.parametrize(
    ("findings", "outcome"),
    [
        ([], Outcome.OK),
        ([ok("a"), skipped("b")], Outcome.OK),
        ([skipped("a")], Outcome.SKIPPED),
        ([ok("a"), warning("b", advice="c")], Outcome.WARNING),
        ([failed("a", advice="b"), warning("c", advice="d"), ok("e")], Outcome.FAILED),
    ],
)
def test_it_tells_the_worst_that_was_found(findings: list[Finding], outcome: Outcome) -> None:
    assert _outcomes(_check("a", *findings)) == [("a", outcome)]
    assert examine([_check("a", *findings)], at=NOON).outcome == outcome


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ZeroDivisionError("oh"), "the check itself failed: ZeroDivisionError('oh')"),
        (DomainError("the server is down"), "the server is down"),
    ],
)
def test_it_goes_on_when_a_check_breaks(error: Exception, words: str) -> None:
    examination = examine([_failing(error), _check("next", ok("fine"))], at=NOON)
    broken, following = examination.diagnoses
    assert (broken.outcome, broken.findings[0].found) == (Outcome.FAILED, words)
    assert following.outcome == Outcome.OK


def test_it_goes_on_when_a_check_hangs() -> None:
    released = threading.Event()
    hanging = Check(name="hanging", question="?", look=lambda _at: [ok(str(released.wait()))], timeout=0.1)
    examination = examine([hanging, _check("next", ok("fine"))], at=NOON)
    released.set()
    hung, following = examination.diagnoses
    assert (hung.outcome, hung.findings[0].found) == (Outcome.FAILED, "no answer within 0.1 s")
    assert following.outcome == Outcome.OK


def test_it_skips_what_needs_a_check_that_failed() -> None:
    bad, needy, other = (
        _check("bad", failed("x", advice="y")),
        _check("needy", ok("x"), needs=("fine", "bad")),
        _check("other", ok("x"), needs=("needy",)),
    )
    assert _outcomes(bad, needy, other)[1:] == [("needy", Outcome.SKIPPED), ("other", Outcome.OK)]
    assert (
        examine([bad, needy], at=NOON).diagnoses[1].findings[0].found == "not looked at, because bad failed"
    )


def test_it_makes_a_check_whose_needs_are_not_looked_at() -> None:
    assert _outcomes(_check("needy", ok("x"), needs=("absent",))) == [("needy", Outcome.OK)]


def test_it_gives_the_time_to_every_check() -> None:
    telling = Check(name="a", question="?", look=lambda at: [ok(at.isoformat())])
    (diagnosis,) = examine([telling], at=NOON).diagnoses
    assert diagnosis.findings[0].found == NOON.isoformat()


def test_it_tells_each_check_when_it_has_ended() -> None:
    heard: list[Diagnosis] = []
    examination = examine([_check("a"), _check("b")], at=NOON, on_diagnosis=heard.append)
    assert tuple(heard) == examination.diagnoses


def test_it_knows_the_checks_of_every_app_by_different_names() -> None:
    names = [check.name for check in known_checks()]
    assert len(names) == len(set(names))
    assert {"database", "broker", "queues", "worker-queues", "storage", "secrets", "sweeps"} <= set(names)


def test_it_needs_only_checks_that_are_made_before() -> None:
    names = [check.name for check in known_checks()]
    early = [
        (check.name, needed)
        for check in known_checks()
        for needed in check.needs
        if needed not in names[: names.index(check.name)]
    ]
    assert not early


def test_it_chooses_checks_in_their_own_order() -> None:
    assert [check.name for check in chosen_checks(["queues", "broker"])] == ["broker", "queues"]


def test_it_refuses_a_check_that_there_is_not() -> None:
    with pytest.raises(UnknownCheck, match=r"There is no check 'quues'; there are database, migrations"):
        chosen_checks(["queues", "quues"])
