"""The kinds of jobs: declaring one registers it. ``settings.JOB_MODULES`` names the modules that declare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Protocol, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs.context import JobContext, Page


class UnknownJobKind(DomainError):
    """Nothing declares this kind of job."""

    code = "UNKNOWN_JOB_KIND"


class Parameters(Protocol):
    """What a kind needs to know; a frozen dataclass with two doors."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON, to be stored and shown."""
        ...

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read back, and check, what `to_json` wrote."""
        ...


P = TypeVar("P", bound=Parameters)
PageFunction = Callable[[JobContext, P], Page]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """A declared kind."""

    name: str
    #: Higher goes first, within a tenant.
    priority: int
    parameters: type[Parameters]
    #: Does one page.
    page: PageFunction[Any]


_declared: dict[str, JobKind] = {}


def job_kind(
    name: str, *, parameters: type[P], priority: int
) -> Callable[[PageFunction[P]], PageFunction[P]]:
    """Declare the decorated function as the kind ``name``; the function itself is unchanged.

    The function does one page each time it is called, in a transaction that is opened for it, and says where
    the next page starts. A page that was lost on the way is rolled back and done again from the same place;
    so is one of a worker that was silent for so long that another took its job. A page takes seconds.
    """

    def declare(function: PageFunction[P]) -> PageFunction[P]:
        kind = JobKind(name=name, priority=priority, parameters=parameters, page=function)
        if _declared.setdefault(name, kind).page.__module__ != function.__module__:
            raise ImproperlyConfigured(f"Two modules declare jobs of kind {name!r}")
        _declared[name] = kind
        return function

    return declare


def find(name: str) -> JobKind:
    """Return a declared kind.

    Raises:
        UnknownJobKind: nothing declares this name.
    """
    _load()
    if name not in _declared:
        raise UnknownJobKind(f"Nothing declares jobs of kind {name!r}; known: {', '.join(sorted(_declared))}")
    return _declared[name]


@cache
def _load() -> None:
    for module in settings.JOB_MODULES:
        import_module(module)
