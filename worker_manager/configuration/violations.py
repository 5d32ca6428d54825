"""Rules that a value of a configuration file breaks, in the words of REGARDS. Pure."""

from collections.abc import Collection
from typing import TypeGuard

from regards_processing.kernel.configuration.faults import Fault
from worker_manager.texts import storable


def blank(path: str, value: object, message: str) -> list[Fault]:
    """Return the fault of a text that is absent or has nothing but white space."""
    if value and (not isinstance(value, str) or value.strip()):
        return []  # what is not a text is refused for its type
    return [violation("NotBlank", message, path, value, allowed="a text that is not blank")]


def unfit(path: str, value: object, limit: int) -> list[Fault]:
    """Return the fault of a value that is no text, or too long; an absent one is fine."""
    if value is None:
        return []
    allowed = f"a text of at most {limit} characters"
    if not _is_text(value):
        return [violation("Type", "a text without NUL is expected", path, value, allowed=allowed)]
    if len(value) <= limit:
        return []
    name = path.rpartition(".")[2]
    return [violation("Size", f"{name} is limited to {limit} characters", path, value, allowed=allowed)]


def not_boolean(path: str, value: object) -> list[Fault]:
    """Return the fault of a value that is neither true nor false; an absent one is fine."""
    if value is None or isinstance(value, bool):
        return []
    return [violation("Type", "true or false is expected", path, value, allowed="true or false")]


def not_whole(path: str, value: object, *, least: int, most: int) -> list[Fault]:
    """Return the fault of a value that is no whole number, or out of range; an absent one is fine."""
    if value is None or (is_whole(value) and least <= value <= most):
        return []
    allowed = f"a whole number from {least} to {most}"
    return [violation("Range", f"{allowed} is expected", path, value, allowed=allowed)]


def absent(path: str, value: object, message: str) -> list[Fault]:
    """Return the fault of a value where there must be none."""
    return [] if value is None else [violation("Null", message, path, value, allowed="nothing, or null")]


def not_object(path: str, value: object, *, keys: Collection[str], allowed: str) -> list[Fault]:
    """Return the faults of a value that is no object, or has other keys than these."""
    if not isinstance(value, dict):
        return [violation("Type", "an object is expected", path, value, allowed=allowed)]
    return [
        violation("Unknown", f"{name} is not known", f"{path}.{name}", value[raw], allowed=allowed)
        for raw, name in zip(value, map(storable, value), strict=True)
        if raw not in keys
    ]


def is_whole(number: object) -> TypeGuard[float]:
    """Tell whether a JSON value is a whole number: to JSON, 1.0 is one."""
    return type(number) is int or (isinstance(number, float) and number.is_integer())


def violation(constraint: str, message: str, path: str, value: object, *, allowed: str) -> Fault:
    """Return the fault of a value that breaks a rule."""
    shown = "null" if value is None else storable(str(value))
    text = f"[{constraint}] {message} at {path}: rejected value [{shown}]."
    return Fault(text=text, field=path, allowed=allowed)


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and storable(value) == value
