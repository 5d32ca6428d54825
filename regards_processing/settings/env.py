"""Typed readers of environment variables: a bad value stops the boot with the variable's name."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from workers.transport import addresses

_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def text(name: str, default: str = "") -> str:
    """Return a variable's text; an empty variable counts as unset."""
    return os.environ.get(name) or default


def choice(name: str, default: str, *, allowed: Sequence[str]) -> str:
    """Return a variable that takes one of a few values."""
    value = text(name, default)
    if value not in allowed:
        raise _refused(name, value, f"one of {', '.join(allowed)}")
    return value


def names(name: str, default: Sequence[str] = ()) -> list[str]:
    """Return a comma-separated variable as a list without blanks."""
    return [item.strip() for item in text(name, ",".join(default)).split(",") if item.strip()]


def integer(name: str, default: int, *, minimum: int, maximum: int = 2**31 - 1) -> int:
    """Return a whole number within bounds."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        number = None
    if number is None or not minimum <= number <= maximum:
        raise _refused(name, value, f"a whole number from {minimum} to {maximum}")
    return number


def boolean(name: str, *, default: bool) -> bool:
    """Return a switch."""
    value = text(name, str(default)).lower()
    if value not in _TRUE | _FALSE:
        raise _refused(name, value, "true or false")
    return value in _TRUE


def folder(name: str, default: Path) -> Path:
    """Return a folder as an absolute path; it need not exist yet."""
    return Path(text(name, str(default))).expanduser().resolve()


def address(name: str, *, schemes: Sequence[str]) -> str:
    """Return a variable that holds a URL with a host; empty when it is unset."""
    value = text(name)
    if value and not addresses.names_a_server(value, schemes=schemes):
        raise refused_address(name, value, addresses.server_of(*schemes))
    return value


def origins(name: str, *, also: Sequence[str] = ()) -> list[str]:
    """Return a variable that holds origins, ``scheme://host`` or ``scheme://host:port``, between commas.

    Args:
        also: what else may stand there.
    """
    given = names(name)
    for origin in given:
        if origin not in also and not _is_origin(origin):
            others = "".join(f", or {each}" for each in also)
            value = addresses.shown(origin) if "@" in origin else origin
            raise _refused(name, value, f"scheme://host or scheme://host:port without a path{others}")
    return given


def _is_origin(value: str) -> bool:
    scheme = value.partition("://")[0]
    parts = urlsplit(value) if addresses.names_a_server(value, schemes=(scheme.lower(),)) else None
    return parts is not None and value == f"{scheme}://{parts.netloc}" and "@" not in parts.netloc


def content(name: str) -> str:
    """Return the content of the file that a variable names; nothing when it is unset."""
    file = text(name)
    return _content(name, file) if file else ""


def secret(name: str, *, kept_in: Path | None, required: bool = True) -> str:
    """Return a secret: the variable, the file named by ``<name>_FILE``, or one generated and kept in a file.

    Without ``kept_in`` a missing secret stops the boot, unless it is not ``required``: outside the embedded
    mode there is no default.
    """
    value, file = text(name), text(f"{name}_FILE")
    if file:
        value = _content(f"{name}_FILE", file)
    if value:
        return value
    if kept_in is not None:
        return _kept(kept_in)
    if required:
        raise ImproperlyConfigured(f"{name} is required: set it, or {name}_FILE to a file that holds it")
    return ""


def _content(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise _refused(name, file, "a file that can be read") from error


def _kept(path: Path) -> str:
    """Return the secret of a file, made on first use; the first of several processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    fresh.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text(encoding="utf-8").strip()


def refused_address(name: str, value: str, allowed: str) -> ImproperlyConfigured:
    """Return the refusal of a URL, which may hold a password."""
    return _refused(name, addresses.shown(value), allowed)


def _refused(name: str, value: str, allowed: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}={value!r} is refused: {allowed} is expected")
