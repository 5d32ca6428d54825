"""Panels are shaped without a database."""

from datetime import timedelta

import pytest

from regards_processing.dashboard.panels import MOST_ROWS, Cell, ago, limited
from regards_processing.dashboard.throughput_panel import bars
from tests.factories.worker_manager import AT, later


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-5, "under 1 min"), (59, "under 1 min"), (60, "1 min"), (185, "3 min"), (7505, "2 h 5 min")],
)
def test_it_tells_ages_in_minutes(seconds: int, told: str) -> None:
    assert ago(later(-seconds), AT) == told


def test_it_says_never() -> None:
    assert ago(None, AT) == "never"


def test_it_shows_some_rows_and_counts_the_others() -> None:
    every = [[Cell(number)] for number in range(MOST_ROWS + 3)]
    shown, left_out = limited(every)
    assert (shown, left_out) == (every[:MOST_ROWS], 3)


def test_it_draws_bars_by_the_highest_and_hides_none() -> None:
    minutes = [AT + timedelta(minutes=number) for number in range(4)]
    drawn = bars(list(zip(minutes, [0, 1, 500, 1000], strict=True)))
    assert [(bar.x, bar.y, bar.height) for bar in drawn] == [
        (0, 100, 0),
        (20, 98, 2),
        (40, 50, 50),
        (60, 0, 100),
    ]


def test_it_draws_nothing_of_nothing() -> None:
    assert [bar.height for bar in bars([(AT, 0), (later(60), 0)])] == [0, 0]
