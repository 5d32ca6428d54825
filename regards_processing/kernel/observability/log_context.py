"""Facts that every log line of one call, task or message carries, without being handed around.

``tenant`` and ``username`` of a call, ``task`` of a sweep: whoever learns one binds it, and all lines that
follow in the same block have it. The correlation id is kept by `kernel.correlation`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

from regards_processing.kernel import correlation

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_bound: ContextVar[Mapping[str, object]] = ContextVar("log_context", default=_NOTHING)


@contextmanager
def log_context(**facts: object) -> Iterator[None]:
    """Add facts to all log lines of a block; what is bound in it is forgotten at its end."""
    token = _bound.set({**_bound.get(), **facts})
    try:
        yield
    finally:
        _bound.reset(token)


def bind(**facts: object) -> None:
    """Add facts to the log lines that follow, until the innermost `log_context` ends; outside, do nothing."""
    known = _bound.get()
    if known is not _NOTHING:
        _bound.set({**known, **facts})


def bound_facts() -> dict[str, object]:
    """Return what is bound now, the correlation id included, by the names of the log lines."""
    facts = dict(_bound.get())
    current = correlation.current()
    if current is not None:
        facts["correlationId"] = current
    return facts
