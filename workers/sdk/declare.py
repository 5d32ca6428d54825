"""How a function becomes a worker type: declaring it registers it."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, MethodType
from typing import Any, Final, TypeVar

from workers.sdk.calling import BulkFunction, Held, TypedFunction, WorkFunction
from workers.sdk.errors import DeclarationError, UnknownWorkerType
from workers.sdk.length import Length, LengthOf, checked
from workers.sdk.signatures import Signature, signature_of

#: Letters, digits, dot, dash and underscore: what every broker accepts in a queue name.
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MAX_VERSION: Final = 64
_MOST_IN_BULK: Final = 1000


def _fit_anywhere() -> None:
    """Find nothing wrong: for work that needs nothing of its machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerType:
    """A declared worker type."""

    name: str
    version: str
    run: WorkFunction
    #: The function or class that was decorated.
    declared: Callable[..., Any]
    signature: Signature
    #: How long work on one request takes at most.
    length: Length
    #: Content types that a manager may send here, and the one that is made; only said for configuration.
    content_types: tuple[str, ...] = ()
    content_type_output: str | None = None
    #: Requests that one call takes at most.
    bulk: int = 1
    #: File with the JSON Schema of its contents; for those who take no model.
    body_schema: Path | None = None
    #: Called when a fleet starts; raises when this machine or its variables are not fit for the work.
    check_start: Callable[[], None] = _fit_anywhere

    @property
    def module(self) -> str:
        """Where it is declared."""
        return self.declared.__module__


F = TypeVar("F", bound=Callable[..., Any])

_declared: dict[str, WorkerType] = {}


def worker_type(
    name: str,
    *,
    version: str,
    content_types: tuple[str, ...] = (),
    content_type_output: str | None = None,
    bulk: int = 1,
    body_schema: Path | None = None,
    longest: float | LengthOf | None = None,
    check_start: Callable[[], None] = _fit_anywhere,
) -> Callable[[F], F]:
    """Declare the decorated function, or class with a method ``run``, as the worker type ``name``.

    The function itself is unchanged. With ``bulk`` it gets a list of up to so many requests, or models, and
    returns a list with an outcome for each: a result, a model, or an error. ``content_types`` and
    ``content_type_output`` say what a manager may send here and what comes out, for `workers.sdk.workflows`.
    ``body_schema`` is a file with the JSON Schema of the contents, for `python -m workers schema`: a function
    that takes no model reads and checks its content itself. ``longest`` is how many seconds work on one
    request takes at most: it chooses how many messages are taken in advance and when they are acknowledged,
    and work that takes longer counts as stuck. Where requests differ it is a function that is called with
    each when its message is taken, in the thread of the event loop: it must be quick. It returns ``None``
    when nobody knows, and infinity when there is no limit. ``check_start``
    is called when a fleet starts: a `ConfigurationError` that it raises ends the fleet with its text.

    Raises:
        DeclarationError: the name is malformed or taken (case does not count), the version is empty, a number
            is out of bounds, what is decorated cannot be called with a request and a context, or it has both
            a model and a schema.
    """
    _check(name, version=version, bulk=bulk)
    length = checked(longest, worker_type=name, bulk=bulk)

    def declare(function: F) -> F:
        run, signature = adapted(function, worker_type=name, bulk=bulk > 1)
        if body_schema is not None and signature.takes is not None:
            raise DeclarationError(
                f"Worker type {name!r} takes a model, which has a schema: body_schema is void"
            )
        _register(
            WorkerType(
                name=name,
                version=version,
                run=run,
                declared=function,
                signature=signature,
                length=length,
                content_types=content_types,
                content_type_output=content_type_output,
                bulk=bulk,
                body_schema=body_schema,
                check_start=check_start,
            )
        )
        return function

    return declare


def _check(name: str, *, version: str, bulk: int) -> None:
    if not NAME.fullmatch(name):
        raise DeclarationError(
            f"Worker type {name!r} is not a valid name: 1 to 128 letters, digits, '.', '-' or '_' are "
            "allowed, and it must start with a letter or digit"
        )
    if not 0 < len(version) <= _MAX_VERSION:
        raise DeclarationError(f"Worker type {name!r}: version must have 1 to 64 characters, got {version!r}")
    if not 1 <= bulk <= _MOST_IN_BULK:
        raise DeclarationError(f"Worker type {name!r}: bulk must be 1 to {_MOST_IN_BULK}, got {bulk}")


def adapted(
    function: Callable[..., Any], *, worker_type: str, bulk: bool = False
) -> tuple[WorkFunction, Signature]:
    """Return how a declared function or class is called with a request, and what it takes and makes.

    Raises:
        DeclarationError: it cannot be called so.
    """
    call: Callable[..., Any] = function
    if inspect.isclass(function):
        method = getattr(function, "run", None)
        if not callable(method):
            raise DeclarationError(
                f"Worker type {worker_type!r}: the class {function.__name__} has no method run"
            )
        # Bound to nobody: only what comes after self is looked at.
        signature = signature_of(MethodType(method, object()), worker_type=worker_type, bulk=bulk)
        call = Held(function)
    elif callable(function):
        signature = signature_of(function, worker_type=worker_type, bulk=bulk)
    else:
        raise DeclarationError(f"Worker type {worker_type!r} must decorate a function, not {function!r}")
    if bulk:
        return BulkFunction(call, signature), signature
    return (call if signature == Signature() else TypedFunction(call, signature)), signature


def close_instances() -> None:
    """Let every instance of a class give back what it holds in this process."""
    for entry in _declared.values():
        close_instance(entry.run)


def close_instance(run: WorkFunction) -> None:
    """Let the instance of a class give back what it holds in this process, if there is one."""
    inner = getattr(run, "function", run)
    if isinstance(inner, Held):
        inner.close()


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


def declared_by(function: Callable[..., Any]) -> WorkerType:
    """Return the worker type that a function or class declares.

    Raises:
        DeclarationError: it declares none.
    """
    for entry in _declared.values():
        if entry.declared is function:
            return entry
    raise DeclarationError(f"{function!r} declares no worker type")


def bulk_function(name: str) -> BulkFunction:
    """Return the function of a bulk type.

    Raises:
        UnknownWorkerType: nothing declares this name as a bulk type.
    """
    run = find(name).run
    if not isinstance(run, BulkFunction):
        raise UnknownWorkerType(f"Worker type {name!r} takes no bulks")
    return run


def _register(entry: WorkerType) -> None:
    # Two names that differ only by case would share one queue.
    taken = _declared.get(entry.name.lower())
    if taken is not None and _place(taken.declared) != _place(entry.declared):
        raise DeclarationError(
            f"Worker type {entry.name!r} is already declared as {taken.name!r} by {_place(taken.declared)}; "
            f"{_place(entry.declared)} must choose another name (case does not count)"
        )
    _declared[entry.name.lower()] = entry


def _place(function: Callable[..., Any]) -> str:
    """Return where a function is defined; a reloaded module declares from the same place."""
    return f"{function.__module__}.{getattr(function, '__qualname__', function)}"
