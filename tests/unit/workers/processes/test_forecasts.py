"""Forecasts: texts of people, and the sizes and durations that they come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.processes.forecasts import DurationForecast, SizeForecast, UnparsableForecast


@pytest.mark.parametrize(
    ("text", "size", "expected", "canonical"),
    [
        ("3m", 10, 3_145_728, "3145728b"),
        (" 1.5k ", 10, 1536, "1536b"),
        ("007.90 b", 10, 7, "7b"),
        ("7.", None, None, None),
        ("2G", 0, 2 * 1024**3, "2147483648b"),
        ("*3", 100, 300, "*3.000000"),
        ("*0.25", 10, 2, "*0.250000"),
        (" * 04 ", 2, 8, "*4.000000"),
        ("*0.3333337", 3, 1, "*0.333334"),
        ("0b", 5, 0, "0b"),
    ],
)
def test_it_reads_sizes(text: str, size: int | None, expected: int | None, canonical: str | None) -> None:
    assert _size(text, size) == (expected, canonical)


@pytest.mark.parametrize(
    "text", ["", "3", "m", "-3m", "+3m", ".5k", "1e3b", "3mm", "* ", "**2", "3m/s", "٣m"]
)
def test_it_refuses_what_is_no_size(text: str) -> None:
    with pytest.raises(UnparsableForecast, match="Unparsable forecast"):
        SizeForecast.parse(text)


@pytest.mark.parametrize(
    ("text", "size", "milliseconds"),
    [
        ("10s", 5, 10_000),
        ("5min", 5, 300_000),
        ("4h", 5, 14_400_000),
        ("2d", 5, 172_800_000),
        ("1.5 H", 0, 5_400_000),
        ("10s/m", 1024**2, 10_000),
        ("4h/g", 1024**3 // 2, 7_200_000),
        ("3s/k", 4096, 12_000),
        ("3 s / k", 1, 2),
    ],
)
def test_it_reads_durations(text: str, size: int, milliseconds: int) -> None:
    assert DurationForecast.parse(text).expected(size) == milliseconds


@pytest.mark.parametrize("text", ["", "10", "10m", "s", "10s/", "10s/s", "-1s", "10s/m/m", "1" * 50 + "s"])
def test_it_refuses_what_is_no_duration(text: str) -> None:
    with pytest.raises(UnparsableForecast):
        DurationForecast.parse(text)


@given(
    st.from_regex(r"\A(\*[0-9]{1,6}(\.[0-9]{1,6})?|[0-9]{1,6}(\.[0-9]{1,6})?[bkmg])\Z"), st.integers(0, 10**9)
)
def test_it_reads_back_what_it_writes(text: str, size: int) -> None:
    written = SizeForecast.parse(str(SizeForecast.parse(text)))
    assert str(written) == str(SizeForecast.parse(text))
    assert written.expected(size) == SizeForecast.parse(text).expected(size)


def _size(text: str, size: int | None) -> tuple[int | None, str | None]:
    try:
        forecast = SizeForecast.parse(text)
    except UnparsableForecast:
        return None, None
    return forecast.expected(size or 0), str(forecast)
