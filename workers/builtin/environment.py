"""Typed reading of the environment variables of the built-in worker types."""

from collections.abc import Collection, Mapping

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


def names(environment: Mapping[str, str], name: str) -> frozenset[str]:
    """Return a comma-separated variable as a set of names in lower case."""
    return frozenset(item.strip().lower() for item in environment.get(name, "").split(",") if item.strip())


def handed_on(environment: Mapping[str, str], *, among: Collection[str]) -> dict[str, str]:
    """Return those variables that a child process may see."""
    return {name: value for name, value in environment.items() if name in among}
