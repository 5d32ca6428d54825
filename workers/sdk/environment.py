"""Typed readers of environment variables: the value, its default, or an error that names all three facts."""

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from workers.sdk.errors import ConfigurationError

N = TypeVar("N", int, float)


class Environment:
    """Reads variables from a mapping; an empty value counts as absent."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, *, default: str = "") -> str:
        """Read text."""
        return self._values.get(name, "").strip() or default

    def items(self, name: str, *, separator: str = ",") -> tuple[str, ...]:
        """Read a list; blanks around items and empty items are dropped."""
        parts = self._values.get(name, "").split(separator)
        return tuple(part.strip() for part in parts if part.strip())

    def integer(self, name: str, *, default: int, minimum: int, maximum: int) -> int:
        """Read a whole number.

        Raises:
            ConfigurationError: the value is not a whole number, or out of bounds.
        """
        return self._number(int, name, default, minimum, maximum, "a whole number")

    def seconds(self, name: str, *, default: float, minimum: float, maximum: float) -> float:
        """Read a number of seconds.

        Raises:
            ConfigurationError: the value is not a number, or out of bounds.
        """
        return self._number(float, name, default, minimum, maximum, "a number of seconds")

    def choice(self, name: str, *, default: str, allowed: tuple[str, ...]) -> str:
        """Read one of a few words; case does not count.

        Raises:
            ConfigurationError: the value is another word.
        """
        value = self.text(name, default=default)
        for word in allowed:
            if word.lower() == value.lower():
                return word
        raise ConfigurationError(f"{name}={value!r}: one of {', '.join(allowed)} is allowed")

    def _number(
        self, convert: Callable[[str], N], name: str, default: N, minimum: N, maximum: N, kind: str
    ) -> N:
        text = self.text(name)
        if not text:
            return default
        try:
            value = convert(text)
        except ValueError:
            value = None
        if value is None or not math.isfinite(value) or not minimum <= value <= maximum:
            raise ConfigurationError(f"{name}={text!r}: {kind} from {minimum:g} to {maximum:g} is allowed")
        return value
