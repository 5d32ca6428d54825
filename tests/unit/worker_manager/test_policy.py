"""How long attempts may take, and what follows when they fail."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker_manager.policy import (
    UNANSWERED,
    UNSET,
    Backoff,
    BackoffKind,
    Failure,
    GiveUp,
    Policy,
    Retry,
    last_words,
    verdict,
)

_F = Failure
_RETRY_ERRORS = Policy(retry_on=frozenset({_F.ERROR}))
_PAUSE = Backoff(delay=10, factor=3, cap=100)

_BACKOFFS = st.builds(
    Backoff,
    kind=st.sampled_from(BackoffKind),
    delay=st.floats(0, 31_536_000),
    factor=st.floats(1, 10),
    cap=st.floats(0, 31_536_000),
    jitter=st.floats(0, 1),
)
_POLICIES = st.builds(
    Policy,
    queue_timeout=st.none() | st.floats(0.1, 100),
    run_timeout=st.none() | st.floats(0.1, 100),
    max_attempts=st.none() | st.integers(1, 1000),
    backoff=st.none() | _BACKOFFS,
    retry_on=st.none() | st.frozensets(st.sampled_from(Failure)),
)
_FAILED = st.integers(1, 1000)
_CHANCE = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("backoff", "pauses"),
    [
        (Backoff(kind=BackoffKind.FIXED, delay=7), [7, 7, 7]),
        (Backoff(kind=BackoffKind.FIXED, delay=7, cap=5), [5, 5, 5]),
        (_PAUSE, [10, 30, 90, 100, 100]),
        (Backoff(), [10, 20, 40]),
        (Backoff(delay=0), [0, 0]),
    ],
)
def test_it_pauses(backoff: Backoff, pauses: list[float]) -> None:
    found = [backoff.seconds(failed=number, chance=0.0) for number in range(1, len(pauses) + 1)]
    assert found == pauses


@given(backoff=_BACKOFFS, failed=_FAILED, chance=_CHANCE)
def test_it_keeps_pauses_between_the_jitter_and_the_cap(backoff: Backoff, failed: int, chance: float) -> None:
    longest = backoff.seconds(failed=failed, chance=0.0)
    assert 0 <= longest <= backoff.cap
    least = longest * (1 - backoff.jitter)
    assert least <= backoff.seconds(failed=failed, chance=chance) <= longest


@given(backoff=_BACKOFFS, failed=_FAILED)
def test_it_never_pauses_shorter_than_before_but_by_chance(backoff: Backoff, failed: int) -> None:
    assert backoff.seconds(failed=failed, chance=0.0) <= backoff.seconds(failed=failed + 1, chance=0.0)


@pytest.mark.parametrize(
    ("policy", "failure", "failed", "expected"),
    [
        (UNSET, _F.LOST, 4, Retry(0.0)),
        (UNSET, _F.LOST, 5, GiveUp(5)),
        (UNSET, _F.QUEUE_TIMEOUT, 1, Retry(0.0)),
        (UNSET, _F.RUN_TIMEOUT, 1, Retry(0.0)),
        (UNSET, _F.ERROR, 1, GiveUp(1)),
        (UNSET, _F.INVALID_CONTENT, 1, GiveUp(1)),
        (UNSET, _F.DEAD_LETTER, 1, GiveUp(1)),
        (_RETRY_ERRORS, _F.ERROR, 4, Retry(0.0)),
        (_RETRY_ERRORS, _F.ERROR, 5, GiveUp(5)),
        (_RETRY_ERRORS, _F.LOST, 1, GiveUp(1)),
        (Policy(max_attempts=2), _F.LOST, 1, Retry(0.0)),
        (Policy(max_attempts=2), _F.LOST, 2, GiveUp(2)),
        (Policy(max_attempts=9), _F.LOST, 8, Retry(0.0)),
        (Policy(backoff=_PAUSE), _F.LOST, 2, Retry(30.0)),
        (Policy(retry_on=frozenset()), _F.LOST, 1, GiveUp(1)),
    ],
)
def test_it_decides(policy: Policy, failure: Failure, failed: int, expected: object) -> None:
    assert verdict(policy, failure, failed=failed, default_attempts=5, chance=0.0) == expected


@pytest.mark.parametrize(
    ("failure", "reason", "attempts", "words"),
    [
        (_F.ERROR, "disk full", 1, "disk full"),
        (_F.ERROR, None, 1, None),
        (_F.ERROR, "disk full", 3, "Given up after 3 attempts: disk full"),
        (_F.INVALID_CONTENT, None, 2, "Given up after 2 attempts: INVALID_CONTENT"),
        (_F.LOST, "it died", 1, "Given up after 1 attempts without an answer: it died"),
    ],
)
def test_it_says_why_it_gave_up(
    failure: Failure, reason: str | None, attempts: int, words: str | None
) -> None:
    assert last_words(failure, reason, attempts=attempts) == words


def test_it_goes_on_when_nobody_answered() -> None:
    assert {failure for failure in Failure if _decides_to_retry(failure)} == UNANSWERED


def _decides_to_retry(failure: Failure) -> bool:
    return isinstance(verdict(UNSET, failure, failed=1, default_attempts=2, chance=0.0), Retry)


@given(policy=_POLICIES)
def test_it_survives_storing(policy: Policy) -> None:
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


@given(own=_POLICIES, other=_POLICIES)
def test_it_takes_from_another_what_it_leaves_open(own: Policy, other: Policy) -> None:
    keys = {**other.to_json(), **own.to_json()}
    assert own.over(other).to_json() == keys
    assert own.over(UNSET) == own
    assert UNSET.over(own) == own


def test_it_reads_what_a_file_leaves_out() -> None:
    assert Policy.from_json(None) == Policy.from_json({}) == Policy.from_json({"backoff": None}) == UNSET
    assert Policy.from_json({"backoff": {}, "maxAttempts": 3.0}) == Policy(backoff=Backoff(), max_attempts=3)
