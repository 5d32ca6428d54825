"""How long work takes of late, and when that is news."""

import pytest

from workers.sdk.pace import Pace


@pytest.fixture
def pace() -> Pace:
    return Pace()


def _note(pace: Pace, *seconds: float) -> None:
    for one in seconds:
        pace.note(worker_type="slow", seconds=one)


def test_it_knows_nothing_before_work_has_ended(pace: Pace) -> None:
    assert pace.tell("slow") is None
    assert not pace.has_news()


def test_it_follows_the_latest_work(pace: Pace) -> None:
    _note(pace, 1.0)
    assert pace.tell("slow") == 1.0
    _note(pace, 2.0)
    assert pace.tell("slow") == pytest.approx(1.2)
    _note(pace, *[2.0] * 20)
    assert pace.tell("slow") == pytest.approx(2.0, rel=0.02)
    assert pace.tell("other") is None


@pytest.mark.parametrize(
    ("told", "now", "news"),
    [(1.0, 1.9, False), (1.0, 2.1, True), (1.0, 0.6, False), (1.0, 0.4, True), (0.001, 0.009, False)],
)
def test_twice_or_half_as_long_is_news(pace: Pace, told: float, now: float, news: bool) -> None:  # noqa: FBT001
    _note(pace, told)
    assert pace.has_news() is (told > 0.01)
    pace.tell("slow")
    assert not pace.has_news()
    _note(pace, *[now] * 40)
    assert pace.has_news() is news
