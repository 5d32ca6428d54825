"""Durations as people read them."""

import pytest

from regards_processing.kernel.readable_durations import readable_duration


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "-"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1 s"),
        (2560, "2.5 s"),
        (59_999, "59.9 s"),
        (60_000, "1 min"),
        (192_000, "3 min 12 s"),
        (7_500_000, "2 h 5 min"),
        (3_659_999, "1 h"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_it_says_what_matters(milliseconds: int | None, text: str) -> None:
    assert readable_duration(milliseconds) == text
