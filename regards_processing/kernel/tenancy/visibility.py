"""Whose rows the database shows to what this process does now, where row-level security is on. Pure.

Note: the second wall.
    The first wall is in the code: `scope` refuses queries that do not say whose rows they mean. Behind it,
    PostgreSQL itself can hide the rows of other tenants (`row_security`). Each connection tells it whose rows
    it may show, and does so just before a statement, when that has changed (`postgresql.base`).

    - A process that says nothing sees nothing.
    - Commands and Celery workers serve every tenant, and say so when they start.
    - A call sees nothing before it was admitted for a tenant, then the rows of that tenant; the admin sees
      every tenant's. After the call all is as before it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

#: The session variable of PostgreSQL that the policies read.
VARIABLE: Final = "regards.visible_tenant"
#: What the policies know: every row, no row; anything else is the key of a tenant.
EVERYTHING: Final = "*"
NOTHING: Final = ""


@dataclass(slots=True)
class _Sight:
    """What can be seen; mutable, because a call is admitted after it has begun."""

    of: str = NOTHING


_process: Final = _Sight()
_current: ContextVar[_Sight | None] = ContextVar("sight", default=None)


def seen() -> str:
    """Return whose rows are to be shown now: the key of a tenant, `EVERYTHING` or `NOTHING`."""
    return (_current.get() or _process).of


def serve_every_tenant() -> None:
    """Let this process see the rows of every tenant, except while it serves calls."""
    _process.of = EVERYTHING


@contextmanager
def seeing_nothing() -> Iterator[None]:
    """Serve a call: see nothing until `admit` or `admit_everywhere`."""
    token = _current.set(_Sight())
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def seeing_tenant(tenant_id: int) -> Iterator[None]:
    """See the rows of one tenant."""
    with seeing_nothing():
        admit(tenant_id)
        yield


@contextmanager
def seeing_every_tenant() -> Iterator[None]:
    """See the rows of every tenant: for reads about the platform, such as metrics, while a call is served."""
    with seeing_nothing():
        admit_everywhere()
        yield


def admit(tenant_id: int) -> None:
    """Let the call that is being served see the rows of one tenant; outside a call, change nothing."""
    _admit(str(tenant_id))


def admit_everywhere() -> None:
    """Let the call that is being served see the rows of every tenant; outside a call, change nothing."""
    _admit(EVERYTHING)


def _admit(whose: str) -> None:
    sight = _current.get()
    if sight is not None:
        sight.of = whose
