"""Typed reading of the environment variables of the built-in worker types."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import urlsplit

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


def folders(environment: Mapping[str, str], name: str) -> tuple[Path, ...]:
    """Return a variable as folders, separated like ``PATH``.

    Raises:
        ConfigurationError: one of them is a relative path.
    """
    listed = [Path(item.strip()) for item in environment.get(name, "").split(os.pathsep) if item.strip()]
    relative = [str(folder) for folder in listed if not folder.is_absolute()]
    if relative:
        raise ConfigurationError(f"{name} must hold absolute paths, got {relative[0]!r}")
    return tuple(listed)


def handed_on(environment: Mapping[str, str], *, among: Collection[str]) -> dict[str, str]:
    """Return those variables that a child process may see."""
    return {name: value for name, value in environment.items() if name in among}


def flag(environment: Mapping[str, str], name: str) -> bool:
    """Return a variable as a truth; absent is false.

    Raises:
        ConfigurationError: the value is neither ``true`` nor ``false``.
    """
    text = environment.get(name, "").strip().lower()
    if text not in {"", "true", "false"}:
        raise ConfigurationError(f"{name} must be true or false, got {text!r}")
    return text == "true"


def address(environment: Mapping[str, str], name: str) -> str:
    """Return a variable as an ``http`` or ``https`` address without a slash at its end; empty when absent.

    Raises:
        ConfigurationError: the value is no such address. It is not repeated: it may hold a password.
    """
    text = environment.get(name, "").strip().rstrip("/")
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise ConfigurationError(f"{name} must be an address like http://host:port")
    return text


def secret(environment: Mapping[str, str], name: str) -> str:
    """Return a variable, or what the file holds that ``<name>_FILE`` names; empty when both are absent.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    file = environment.get(f"{name}_FILE", "")
    if not file:
        return environment.get(name, "").strip()
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{name}_FILE={file!r} cannot be read: {error}") from error
