"""Forecasts of sizes and durations: texts of people, as arithmetic. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self

_SIZES: Final[Mapping[str, int]] = {"b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
#: Milliseconds.
_TIMES: Final[Mapping[str, int]] = {"s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_NUMBER: Final = r"(?P<number>[0-9]+(?:\.[0-9]*)?)"
_SIZE: Final = re.compile(rf"{_NUMBER}(?P<size>[bkmg])")
_MULTIPLE: Final = re.compile(rf"\*{_NUMBER}")
_TIME: Final = re.compile(rf"{_NUMBER}(?P<time>s|min|h|d)(?:/(?P<size>[bkmg]))?")
_WHITE_SPACE: Final = re.compile(r"\s+")
#: What a text may have, white space aside: no forecast needs more, and longer numbers cost time to read.
_LONGEST: Final = 40


class UnparsableForecast(ValueError):
    """A text is no forecast."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Unparsable forecast '{text}'")


@dataclass(frozen=True, slots=True)
class SizeForecast:
    """How many bytes come out of a number of bytes."""

    number: Fraction
    #: Whether the number multiplies the input; otherwise it is the size, in bytes.
    multiplies: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``3m`` (a size) or ``*0.25`` (a part of the input).

        Raises:
            UnparsableForecast: it is neither.
        """
        plain = _plain(text)
        if found := _SIZE.fullmatch(plain):
            return cls(Fraction(int(_number(found) * _SIZES[found["size"]])), multiplies=False)
        if found := _MULTIPLE.fullmatch(plain):
            return cls(_number(found), multiplies=True)
        raise UnparsableForecast(text)

    def expected(self, size: int) -> int:
        """Return how many bytes come out of ``size`` bytes."""
        return int(self.number * size) if self.multiplies else int(self.number)

    def __str__(self) -> str:
        if not self.multiplies:
            return f"{int(self.number)}b"
        millionths = round(self.number * 1_000_000)
        return f"*{millionths // 1_000_000}.{millionths % 1_000_000:06d}"


@dataclass(frozen=True, slots=True)
class DurationForecast:
    """How long a number of bytes takes."""

    #: Milliseconds, or milliseconds for each byte.
    number: Fraction
    per_byte: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``1.5h`` (a duration) or ``10s/m`` (a duration for each mebibyte of the input).

        Raises:
            UnparsableForecast: it is neither.
        """
        found = _TIME.fullmatch(_plain(text))
        if found is None:
            raise UnparsableForecast(text)
        milliseconds = _number(found) * _TIMES[found["time"]]
        if found["size"] is None:
            return cls(milliseconds, per_byte=False)
        return cls(milliseconds / _SIZES[found["size"]], per_byte=True)

    def expected(self, size: int) -> int:
        """Return how many milliseconds ``size`` bytes take."""
        return int(self.number * size) if self.per_byte else int(self.number)


def _plain(text: str) -> str:
    plain = _WHITE_SPACE.sub("", text).lower()
    return plain if len(plain) <= _LONGEST else ""


def _number(found: re.Match[str]) -> Fraction:
    return Fraction(found["number"])
