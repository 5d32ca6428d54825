"""Spans of the platform. While tracing is off, nothing of OpenTelemetry is loaded.

A span of a request is described when it is over: it may have begun in another process, days ago. Who
describes it knows its ids and times; `open_telemetry` makes it a span of the SDK.
"""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Final, Protocol

from django.conf import settings

from workers.contract.trace_parent import TraceParent
from workers.observability.tracing_extra import OFF

log = logging.getLogger(__name__)

Attributes = Mapping[str, str | int | bool]

#: The header ``traceparent`` for messages that what this thread does causes.
_current: Final[ContextVar[str | None]] = ContextVar("trace_parent", default=None)


class Kind(Enum):
    """What a span is about, in the words of OpenTelemetry."""

    INTERNAL = auto()
    PRODUCER = auto()
    CONSUMER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened during a span."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSpan:
    """A span that is over, and that is recorded."""

    name: str
    kind: Kind
    ids: TraceParent
    #: The span above it in the same trace, if there is one: 16 hexadecimal digits.
    parent_id: str | None
    start: datetime
    end: datetime
    attributes: Attributes
    #: Why it failed; ``None`` when it did not.
    error: str | None = None
    events: Sequence[Event] = field(default=())


class Call(Protocol):
    """The span of a call that is being answered."""

    ids: TraceParent

    def answered(self, *, name: str, status: int, attributes: Attributes) -> None:
        """Note what is known at its end; ``status`` is that of the answer."""
        ...


class Recorder(Protocol):
    """Records spans; none of its methods waits for anybody, or fails because of somebody else."""

    def begin(self, *, name: str, parent: TraceParent | None) -> TraceParent:
        """Return the ids of a new span, and whether its trace is recorded."""
        ...

    def record(self, spans: Sequence[PastSpan]) -> None:
        """Record spans that are over."""
        ...

    def call(self, *, name: str, parent: TraceParent | None) -> AbstractContextManager[Call]:
        """Record a call of the web process while it is answered."""
        ...

    def close(self) -> None:
        """Send what is left; returns after some seconds, whether it could or not."""
        ...


class _OfProcess:
    """The recorder of this process, made when it is first needed: after a server has forked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recorder: Recorder | None = None
        self._failed = False
        self.service = "regards-web"

    def get(self) -> Recorder | None:
        with self._lock:
            if self._recorder is None and not self._failed:
                self._recorder = self._opened()
            return self._recorder

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()

    def _opened(self) -> Recorder | None:
        # An extra: loaded only where it is used.
        from regards_processing.kernel.observability import open_telemetry  # noqa: PLC0415 (see above)

        try:
            return open_telemetry.opened(
                choice=settings.TRACING, service=self.service, queue=settings.TRACING_QUEUE
            )
        except Exception:
            # A variable of the SDK that makes no sense must not stop the work.
            self._failed = True
            log.exception("tracing cannot start", extra={"action": "tracing.failed"})
            return None


_of_process: Final = _OfProcess()
_substitutes: Final[list[Recorder]] = []


def is_on() -> bool:
    """Tell whether spans are recorded."""
    return settings.TRACING != OFF or bool(_substitutes)


def recorder() -> Recorder | None:
    """Return what records the spans of this process; ``None`` while tracing is off, or cannot be."""
    if _substitutes:
        return _substitutes[-1]
    return None if settings.TRACING == OFF else _of_process.get()


def serve_as(process: str) -> None:
    """Name this process, and its children to come, as traces show it: ``manager``, ``jobs``."""
    _of_process.service = f"regards-{process}"


def close() -> None:
    """Send the last spans of this process before it ends."""
    _of_process.close()


@contextmanager
def recording_with(substitute: Recorder) -> Iterator[None]:
    """Let everything in this process record with ``substitute`` while the block runs."""
    _substitutes.append(substitute)
    try:
        yield
    finally:
        _substitutes.remove(substitute)


def current() -> str | None:
    """Return the header ``traceparent`` for messages that are caused now, if a span is under way."""
    return _current.get()


@contextmanager
def under(span: TraceParent) -> Iterator[None]:
    """Let messages that the block causes name ``span`` as their cause."""
    token = _current.set(span.to_header())
    try:
        yield
    finally:
        _current.reset(token)
