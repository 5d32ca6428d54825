"""What a request carries for its spans to come, whichever process records them. Pure; no database.

A *run* goes from the reception of a request to its end. An operator may have a failed request carried out
again: that is another run of the same trace, below the first. In a run one *phase* follows the other: a
dispatch until its answer, or a wait for a worker or for a due time.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from worker_manager.states import RequestStatus
from workers.contract.trace_parent import TraceParent

_SPAN_ID: Final = 16
#: What a stamp cannot be read for: somebody else wrote it.
_UNREADABLE: Final = (ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What a request does at a time."""

    #: With which it began: ``DISPATCHED``, ``NO_WORKER_AVAILABLE`` or ``TO_DISPATCH``.
    status: RequestStatus
    since: datetime
    #: Dispatches of the request so far, this one included.
    attempt: int
    step: int
    worker_type: str | None
    #: When its worker first said that it runs, and which one that was.
    running_since: datetime | None = None
    worker_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The run of a request and its phase."""

    #: The span of the run.
    ids: TraceParent
    #: The span above: the client's, or that of the run before.
    parent_id: str | None
    #: 1 for the first run.
    run: int = 1
    since: datetime
    #: Correlation id of the call that began the run, if it was one.
    cause: str | None = None
    #: The run is over.
    ended: bool = False
    phase: Phase | None = None

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Read a stored stamp; one that is absent, or not understood by this release, counts as none."""
        if text is None:
            return None
        try:
            fields = json.loads(text)
            ids = TraceParent.parse(fields.pop("ids"))
            phase = fields.pop("phase")
            since = datetime.fromisoformat(fields.pop("since"))
            known = phase and _phase(phase)
            return None if ids is None else cls(**fields, ids=ids, since=since, phase=known)
        except _UNREADABLE:
            return None

    def to_text(self) -> str:
        """Write the stamp for storing."""
        phase = self.phase and {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self.phase).items()
        }
        fields = {
            "ids": self.ids.to_header(),
            "parent_id": self.parent_id,
            "run": self.run,
            "since": self.since.isoformat(),
            "cause": self.cause,
            "ended": self.ended,
            "phase": phase,
        }
        return json.dumps(fields, separators=(",", ":"))

    def again(self, *, at: datetime, cause: str | None) -> "Stamp":
        """Return the stamp of the next run."""
        return Stamp(
            ids=replace(self.ids, span_id=new_span_id()),
            parent_id=self.ids.span_id,
            run=self.run + 1,
            since=at,
            cause=cause,
        )

    def dispatch(self, *, attempt: int) -> TraceParent:
        """Return the span of a dispatch: known before it is over, so that the worker's can be its child."""
        text = f"{self.ids.trace_id}:{self.ids.span_id}:{attempt}"
        return replace(self.ids, span_id=hashlib.sha256(text.encode()).hexdigest()[:_SPAN_ID])


def new_span_id() -> str:
    """Return a span id that no other span has."""
    return secrets.token_hex(_SPAN_ID // 2)


def _phase(fields: dict[str, Any]) -> Phase:
    times = {
        name: datetime.fromisoformat(fields[name]) if fields[name] else None
        for name in ("since", "running_since")
    }
    return Phase(**(fields | times | {"status": RequestStatus(fields["status"])}))
