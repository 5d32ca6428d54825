"""Attempts of worker types, taken together."""

import pytest

from tests.factories.history import a_trail
from tests.factories.worker_manager import AT, later
from worker_manager import trail
from worker_manager.attempt_statistics import Percentiles, WorkerStatistics, percentiles, statistics_of
from worker_manager.trail import Attempt, Outcome, Trail


def _attempt(**facts: object) -> Attempt:
    (attempt,) = Trail.read(a_trail(**facts)).attempts  # type: ignore[arg-type]
    return attempt


def test_it_sums_the_attempts_of_each_worker_type_up() -> None:
    attempts = [_attempt(queued=number, ran=2 * number, at=later(60)) for number in range(1, 21)]
    attempts += [_attempt(outcome="ERROR", at=later(90)), _attempt(worker_type="sip-worker", at=later(1))]
    sip, unzip = statistics_of(attempts=attempts, since=AT, until=later(120))
    assert (sip.worker_type, sip.attempts, sip.per_minute, sip.error_share) == ("sip-worker", 1, 0.5, 0.0)
    assert unzip == WorkerStatistics(
        worker_type="unzip-worker",
        attempts=21,
        per_minute=10.5,
        outcomes={"ERROR": 1, "SUCCESS": 20},
        error_share=round(1 / 21, 4),
        queue_time=Percentiles(p50=10_000, p95=19_000),
        run_time=Percentiles(p50=20_000, p95=38_000),
    )


@pytest.mark.parametrize("seconds", [-1, 121])
def test_it_leaves_out_what_ended_at_another_time(seconds: int) -> None:
    assert statistics_of(attempts=[_attempt(at=later(seconds))], since=AT, until=later(120)) == []


def test_it_leaves_out_what_goes_on() -> None:
    text = trail.dispatched("", step=0, attempt=1, worker_type="unzip-worker", at=AT, kept=5)
    assert statistics_of(attempts=Trail.read(text).attempts, since=AT, until=later(120)) == []


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_was_postponed_or_canceled_is_no_error(outcome: Outcome) -> None:
    (found,) = statistics_of(attempts=[_attempt(outcome=outcome)], since=AT, until=later(1))
    well = {Outcome.SUCCESS, Outcome.POSTPONED, Outcome.CANCELED}
    assert found.error_share == float(outcome not in well)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([], None),
        ([7], Percentiles(p50=7, p95=7)),
        ([2, 1], Percentiles(p50=1, p95=2)),
        (list(range(100, 0, -1)), Percentiles(p50=50, p95=95)),
    ],
)
def test_it_ranks_durations(values: list[int], found: Percentiles | None) -> None:
    assert percentiles(values) == found
