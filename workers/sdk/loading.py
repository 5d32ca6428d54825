"""How a process finds the worker types that it was asked to run."""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from workers.sdk import declare
from workers.sdk.declare import WorkerType
from workers.sdk.errors import ConfigurationError, UnknownWorkerType, WorkerError

_BUILTIN: Final = Path(__file__).resolve().parent.parent / "builtin"


def load_types(*, types: Sequence[str], modules: Sequence[str]) -> tuple[WorkerType, ...]:
    """Import the given modules and the built-in worker types among ``types``, and no others.

    Raises:
        UnknownWorkerType: no type is given, or nothing declares one of them; the text lists those known.
        ConfigurationError: a module cannot be imported.
        DeclarationError: two declarations clash.
    """
    load_modules(modules)
    if not types:
        raise UnknownWorkerType(f"No worker type to run: give --types or WORKER_TYPES; known: {_known()}")
    return tuple(_load(name) for name in dict.fromkeys(types))


def load_modules(modules: Sequence[str]) -> None:
    """Import modules that declare worker types.

    Raises:
        ConfigurationError: a module cannot be imported.
        DeclarationError: two declarations clash.
    """
    here = str(Path.cwd())
    if modules and here not in sys.path:
        # As `python -m` does, and the command `celery` does not: modules of one's own lie where one starts.
        sys.path.insert(0, here)
    for module in modules:
        imported(module, asked_by="WORKER_MODULES")


def builtin_types() -> tuple[str, ...]:
    """Return the names of the built-in worker types, without importing them."""
    return tuple(sorted(path.parent.name.replace("_", "-") for path in _BUILTIN.glob("*/worker.py")))


def _load(name: str) -> WorkerType:
    if name not in declare.declared_types() and name in builtin_types():
        module = f"workers.builtin.{name.replace('-', '_')}.worker"
        imported(module, asked_by=f"worker type {name}, which needs requirements-fleet.txt")
    try:
        return declare.find(name)
    except UnknownWorkerType:
        raise UnknownWorkerType(f"Unknown worker type {name!r}; known: {_known()}") from None


def imported(module: str, *, asked_by: str) -> ModuleType:
    """Return a module that somebody asked for.

    Raises:
        ConfigurationError: it cannot be imported.
        DeclarationError: what it declares is no worker type, or clashes with another.
    """
    try:
        found = import_module(module)
    except WorkerError:
        raise
    # Whatever a module of somebody else raises: Celery would swallow it, and start a worker without types.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"{asked_by}: module {module!r} cannot be imported: {reason}") from error
    if found.__spec__ is not None and found.__spec__.origin is None:
        folders = ", ".join(found.__path__)
        raise ConfigurationError(
            f"{asked_by}: {module!r} is a folder without code of its own, {folders}; a module that lies "
            "in it is found once PYTHONPATH names that folder"
        )
    return found


def _known() -> str:
    names = sorted({*builtin_types(), *declare.declared_types()})
    return ", ".join(names) or "none (WORKER_MODULES names the modules that declare yours)"
