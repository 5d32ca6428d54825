"""What the function of a worker type takes and makes, read from its annotations."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from workers.contract.work_request import WorkRequest
from workers.sdk.errors import DeclarationError
from workers.sdk.models import is_model
from workers.sdk.result import WorkResult

#: Annotations of somebody who takes the request as it is.
_AS_IT_IS = (inspect.Parameter.empty, WorkRequest, Any, object, "WorkRequest")
#: Annotations of somebody who makes a result; those that are text need not be looked up.
_RESULT = (inspect.Signature.empty, WorkResult, "WorkResult")


@dataclass(frozen=True, slots=True)
class Signature:
    """The models of a function; ``None``: it takes the request, or makes a result."""

    takes: type[Any] | None = None
    makes: type[Any] | None = None


def signature_of(function: Callable[..., Any], *, worker_type: str, bulk: bool) -> Signature:
    """Read a signature.

    Raises:
        DeclarationError: the function cannot be called with a request and a context, or what it takes is
            neither a request nor a model.
    """
    try:
        signature = inspect.signature(function)
    except ValueError:
        # A function written in C says nothing.
        return Signature()
    try:
        bound = signature.bind(None, None)
    except TypeError as error:
        raise DeclarationError(
            f"Worker type {worker_type!r} must be a function of a request and a context: {error}"
        ) from None
    first = signature.parameters[next(iter(bound.arguments))]
    if first.annotation in _AS_IT_IS and signature.return_annotation in _RESULT:
        return Signature()
    hints = _hints(function, worker_type)
    takes, makes = hints.get(first.name, Any), hints.get("return")
    if bulk:
        takes, makes = _item(takes), _item(makes)
    if takes in _AS_IT_IS or first.kind is inspect.Parameter.VAR_POSITIONAL:
        takes = None
    elif not is_model(takes):
        what = "requests or models" if bulk else "a WorkRequest or a pydantic model"
        raise DeclarationError(f"Worker type {worker_type!r} takes {takes!r}; {what} can be taken")
    return Signature(takes, makes if is_model(makes) else None)


def _hints(function: Callable[..., Any], worker_type: str) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    # Whatever an annotation raises that is only text.
    except Exception as error:
        raise DeclarationError(
            f"Worker type {worker_type!r}: its annotations cannot be read: {type(error).__name__}: {error}"
        ) from error


def _item(kind: Any) -> Any:
    """Return what a sequence holds, a model if it may hold one."""
    origin = get_origin(kind)
    if not (isinstance(origin, type) and issubclass(origin, Sequence)):
        return kind
    held = get_args(kind)
    alternatives = get_args(held[0]) or held
    return next((one for one in alternatives if is_model(one)), alternatives[0])
