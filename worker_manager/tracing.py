"""The traces of requests; see `request_spans` for what they are made of.

Each function costs one look at a setting while tracing is off. While it is on, a span is recorded by the
process that ends it, once its transaction has committed: who wins the move records the span, so each is
recorded once, however often a message comes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from regards_processing.kernel import correlation
from regards_processing.kernel.db.transactions import after_commit
from regards_processing.kernel.observability import tracing
from regards_processing.kernel.observability.tracing import Kind, PastSpan, Recorder
from worker_manager import request_spans
from worker_manager.events.request_answered import ResponseState
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.models import Request
from worker_manager.trace_stamps import Stamp
from workers.contract.trace_parent import TraceParent
from workers.observability import span_attributes as names

RequestKey = tuple[int, str]

#: The column that holds the stamps.
_STAMP: Final = frozenset({"trace"})


def received(
    *,
    requests: Mapping[RequestKey, Request],
    submissions: Mapping[RequestKey, RequestSubmitted],
    at: datetime,
) -> None:
    """Stamp requests that are about to be stored, each with what its submission says of its cause."""
    recorder = tracing.recorder()
    if recorder is None:
        return
    cause = correlation.current()
    for key, request in requests.items():
        parent = TraceParent.parse(submissions[key].trace_parent)
        ids = recorder.begin(name=f"request {request.content_type}", parent=parent)
        stamp = Stamp(ids=ids, parent_id=parent.span_id if parent else None, since=at, cause=cause)
        request.trace = request_spans.begun(stamp=stamp, request=request, at=at).to_text()


def refused(*, submissions: Sequence[tuple[RequestSubmitted, tuple[str, ...]]], at: datetime) -> None:
    """Record requests that were refused, with the reasons: spans that are over at once."""
    recorder = tracing.recorder()
    if recorder is not None:
        _record(recorder, [_refusal(recorder, one, reasons, at) for one, reasons in submissions])


def moved(*, requests: Iterable[Request], tenants: Mapping[int, str], at: datetime) -> frozenset[str]:
    """Stamp requests that a bulk moved, and record the spans that ended; return the columns that are new."""
    recorder = tracing.recorder()
    if recorder is None:
        return frozenset()
    cause = correlation.current()
    over: list[PastSpan] = []
    for request in requests:
        stamp = Stamp.read(request.trace)
        if stamp is not None and stamp.ids.sampled:
            stamp, ended = request_spans.moved(
                stamp=stamp, request=request, tenant=tenants[request.tenant_id], cause=cause, at=at
            )
            request.trace = stamp.to_text()
            over += ended
    _record(recorder, over)
    return _STAMP


def of_dispatches(*, requests: Iterable[Request]) -> Mapping[str, str]:
    """Return what messages to workers name as their cause, by dispatch id: the dispatches."""
    if not tracing.is_on():
        return {}
    return {
        request.dispatch_id: stamp.dispatch(attempt=request.attempt).to_header()
        for request in requests
        if (stamp := Stamp.read(request.trace))
    }


def of_requests(*, requests: Iterable[Request]) -> Mapping[int, str]:
    """Return what responses to clients name as their cause, by primary key: the requests."""
    if not tracing.is_on():
        return {}
    return {request.pk: stamp.ids.to_header() for request in requests if (stamp := Stamp.read(request.trace))}


def _refusal(
    recorder: Recorder, submission: RequestSubmitted, reasons: tuple[str, ...], at: datetime
) -> PastSpan:
    name = f"request {submission.content_type or ''}".rstrip()
    parent = TraceParent.parse(submission.trace_parent)
    return PastSpan(
        name=name,
        kind=Kind.CONSUMER,
        ids=recorder.begin(name=name, parent=parent),
        parent_id=parent.span_id if parent else None,
        start=at,
        end=at,
        attributes={
            names.TENANT: submission.tenant,
            names.REQUEST_ID: submission.request_id,
            names.CONTENT_TYPE: submission.content_type or "",
            names.STATUS: ResponseState.SKIPPED.value,
        },
        error=", ".join(reasons),
    )


def _record(recorder: Recorder, spans: Sequence[PastSpan]) -> None:
    recorded = [span for span in spans if span.ids.sampled]
    if recorded:
        # Robust: the bulk is done, whatever becomes of its spans.
        after_commit(lambda: recorder.record(recorded), robust=True)
