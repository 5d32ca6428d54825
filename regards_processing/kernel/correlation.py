"""The correlation id of what is being done: follows one call through logs, audit and messages."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

#: Header of calls and messages.
HEADER: Final = "correlation-id"
_ACCEPTED: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def current() -> str | None:
    """Return the correlation id of what this thread does, if it has one."""
    return _current.get()


@contextmanager
def correlated(value: str | None) -> Iterator[str]:
    """Do something under a correlation id: the given one, or a new one when it is absent or unfit."""
    chosen = value if value and _ACCEPTED.fullmatch(value) else str(uuid.uuid4())
    token = _current.set(chosen)
    try:
        yield chosen
    finally:
        _current.reset(token)
