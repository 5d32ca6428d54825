"""Typed reading of the environment variables of the built-in worker types."""

from collections.abc import Mapping

from workers.sdk.errors import ConfigurationError


def positive_integer(environment: Mapping[str, str], name: str, *, default: int) -> int:
    """Return a variable as an integer of at least 1.

    Raises:
        ConfigurationError: the value is not such an integer.
    """
    text = environment.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise ConfigurationError(f"{name} must be an integer of at least 1, got {text!r}")
    return int(text)
