"""The spans of runs. It needs OpenTelemetry: `tracing` imports it when tracing is on."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from workers.contract.trace_parent import TraceParent
from workers.contract.work_answer import AnswerStatus
from workers.contract.work_request import WorkRequest
from workers.observability import opentelemetry_sdk as sdk
from workers.observability import span_attributes as names
from workers.sdk.errors import InvalidContent, RetryLater
from workers.sdk.masking import masked

_SERVICE: Final = "regards-worker"
#: Characters of an error that a span tells.
_LONGEST: Final = 1000


class RunSpans:
    """Records a span around each run: a child of the dispatch's, which the request names."""

    def __init__(self, *, processor: SpanProcessor, provider: TracerProvider, worker_id: str) -> None:
        self._processor = processor
        self._tracer = provider.get_tracer(__name__)
        self._worker_id = worker_id

    @classmethod
    def through(cls, processor: SpanProcessor, *, worker_id: str) -> Self:
        """Return what records through a processor; spans that worker types make themselves go there too."""
        provider = sdk.provider(processor, service=_SERVICE, instance=worker_id)
        # Kept by the library if somebody else has set one before.
        trace.set_tracer_provider(provider)
        return cls(processor=processor, provider=provider, worker_id=worker_id)

    @contextmanager
    def run(self, *, worker_type: str, request: WorkRequest) -> Iterator[None]:
        """Record a run; what it raises comes through."""
        with self._tracer.start_as_current_span(
            f"run {worker_type}",
            context=sdk.remote(TraceParent.parse(request.trace_parent)),
            kind=SpanKind.CONSUMER,
            attributes=self._attributes(worker_type, request),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                _tell(span, error)
                raise
            span.set_attribute(names.STATUS, AnswerStatus.SUCCESS)

    def close(self) -> None:
        """Send what is left."""
        sdk.close(self._processor)

    def _attributes(self, worker_type: str, request: WorkRequest) -> dict[str, str]:
        return {
            names.TENANT: request.tenant,
            names.REQUEST_ID: request.request_id,
            names.CONTENT_TYPE: request.content_type,
            names.WORKER_TYPE: worker_type,
            names.WORKER_ID: self._worker_id,
            names.DISPATCH_ID: request.dispatch_id or "",
        }


def opened(*, choice: str, worker_id: str) -> RunSpans:
    """Return what records the runs of this process and sends them as ``TRACING`` says."""
    return RunSpans.through(sdk.in_batches(choice), worker_id=worker_id)


def _tell(span: Span, error: BaseException) -> None:
    """Note how a run ended that raised: as its answer says it."""
    match error:
        case RetryLater():
            span.set_attribute(names.STATUS, AnswerStatus.RETRY_LATER)
        case InvalidContent():
            span.set_attribute(names.STATUS, AnswerStatus.INVALID_CONTENT)
            span.set_status(Status(StatusCode.ERROR, masked(error.message)[:_LONGEST]))
        case _:
            span.set_attribute(names.STATUS, AnswerStatus.ERROR)
            span.record_exception(error, attributes=_without_secrets(error))
            span.set_status(Status(StatusCode.ERROR, masked(f"{type(error).__name__}: {error}")[:_LONGEST]))


def _without_secrets(error: BaseException) -> dict[str, str]:
    """Return what the library would tell of an error, masked."""
    return {
        "exception.message": masked(str(error)),
        "exception.stacktrace": masked("".join(traceback.format_exception(error))),
    }
