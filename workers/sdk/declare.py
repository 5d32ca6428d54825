"""How a function becomes a worker type: declaring it registers it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from workers.contract.work_request import WorkRequest
from workers.sdk.context import WorkContext
from workers.sdk.errors import DeclarationError, UnknownWorkerType
from workers.sdk.result import WorkResult

#: Letters, digits, dot, dash and underscore: what every broker accepts in a queue name.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MAX_VERSION: Final = 64


class WorkFunction(Protocol):
    """The signature of the function of a worker type."""

    def __call__(self, request: WorkRequest, context: WorkContext, /) -> WorkResult:
        """Do the work."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerType:
    """A declared worker type."""

    name: str
    version: str
    run: WorkFunction


F = TypeVar("F", bound=WorkFunction)

_declared: dict[str, WorkerType] = {}


def worker_type(name: str, *, version: str) -> Callable[[F], F]:
    """Declare the decorated function as the worker type ``name``; the function itself is unchanged.

    Raises:
        DeclarationError: the name is malformed or taken (case does not count), or the version is empty.
    """
    if not _NAME.fullmatch(name):
        raise DeclarationError(
            f"Worker type {name!r} is not a valid name: 1 to 128 letters, digits, '.', '-' or '_' are "
            "allowed, and it must start with a letter or digit"
        )
    if not 0 < len(version) <= _MAX_VERSION:
        raise DeclarationError(f"Worker type {name!r}: version must have 1 to 64 characters, got {version!r}")

    def declare(function: F) -> F:
        _register(WorkerType(name=name, version=version, run=function))
        return function

    return declare


def declared_types() -> Mapping[str, WorkerType]:
    """Return the worker types declared so far, by name."""
    return MappingProxyType({entry.name: entry for entry in _declared.values()})


def find(name: str) -> WorkerType:
    """Return a declared worker type.

    Raises:
        UnknownWorkerType: nothing declares this name.
    """
    entry = _declared.get(name.lower())
    if entry is None or entry.name != name:
        known = ", ".join(sorted(declared_types())) or "none"
        raise UnknownWorkerType(f"Unknown worker type {name!r}; declared: {known}")
    return entry


def _register(entry: WorkerType) -> None:
    if not callable(entry.run):
        raise DeclarationError(f"Worker type {entry.name!r} must decorate a function, not {entry.run!r}")
    # Two names that differ only by case would share one queue.
    taken = _declared.get(entry.name.lower())
    if taken is not None and _place(taken.run) != _place(entry.run):
        raise DeclarationError(
            f"Worker type {entry.name!r} is already declared as {taken.name!r} by {_place(taken.run)}; "
            f"{_place(entry.run)} must choose another name (case does not count)"
        )
    _declared[entry.name.lower()] = entry


def _place(function: WorkFunction) -> str:
    """Return where a function is defined; a reloaded module declares from the same place."""
    return f"{function.__module__}.{getattr(function, '__qualname__', function)}"
