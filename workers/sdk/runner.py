"""Runs a worker type's function, in whatever thread or process the pool chose, and words the answer."""

import logging
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from celery.exceptions import WorkerShutdown, WorkerTerminate

from workers.contract.content_folder import ContentLost
from workers.contract.trace_parent import TraceParent
from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import bulk_runs, declare
from workers.sdk.checkpoints import Checkpoint
from workers.sdk.config import WorkerConfig
from workers.sdk.context import RequestLog, WorkContext
from workers.sdk.errors import Cancelled, InvalidContent, RetryLater, told
from workers.sdk.live_lines import LiveLines, RunLines
from workers.sdk.masking import masked
from workers.sdk.recordings import Recorder
from workers.sdk.result import WorkResult, checked
from workers.sdk.secret_files import SecretFiles
from workers.sdk.stop_signs import StopSigns
from workers.sdk.stored_contents import StoredContents
from workers.sdk.tracing import Tracing
from workers.sdk.workspace import Workspace

_MAX_MESSAGES: Final = 100
#: Billiard turns a signal to a pool process into ``sys.exit(-(256 - signal number))``.
_EXITS_BY_SIGNAL: Final = frozenset(-(256 - number) for number in signal.valid_signals())
_MAX_MESSAGE_LENGTH: Final = 10_000

#: What ends the process is nobody's answer.
_THROUGH: Final = (KeyboardInterrupt, WorkerShutdown, WorkerTerminate)

_log: Final = logging.getLogger(__name__)


class Runner:
    """Runs the worker types of one process.

    ``announce`` sends an answer that nobody waits for.
    """

    def __init__(
        self, *, config: WorkerConfig, announce: Callable[[WorkAnswer], object], tracing: Tracing
    ) -> None:
        self._config = config
        self._signs = StopSigns.of(config)
        self._announce = announce
        self._tracing = tracing
        self._recorder = Recorder.of(config)
        self._secrets = SecretFiles(config.secrets)
        self._contents = StoredContents.of(config)
        # The pulse looks for work that is due to be announced at least twice in that time.
        self._lines = LiveLines(quiet=2 * config.running_after)

    def answer(self, *, worker_type: str, request: WorkRequest) -> WorkAnswer:
        """Run a managed request and return its answer, whatever the worker type does."""
        begun = time.monotonic()
        try:
            given = self._contents.loaded(request)
        except ContentLost as error:
            facts = _facts(worker_type, request) | {"action": "content.lost"}
            _log.warning("content lost: %s", error, extra=facts)
            return self.worded(request, AnswerStatus.ERROR, str(error))
        outcome = self._outcome(worker_type, given)
        took = round(time.monotonic() - begun, 4)
        return self._ready(worker_type, given, self._worded_outcome(worker_type, given, outcome, took))

    def answer_bulk(self, *, worker_type: str, requests: Sequence[WorkRequest]) -> list[WorkAnswer]:
        """Run managed requests of a bulk type at once and return their answers, in their order.

        When the function itself fails they are run one by one, so that a bad one does not spoil the others.
        """
        begun = time.monotonic()
        stopped = [partial(self._signs.is_up, request.dispatch_id) for request in requests]
        try:
            given = [self._contents.loaded(request) for request in requests]
            found = bulk_runs.outcomes(
                function=declare.bulk_function(worker_type),
                worker_type=worker_type,
                requests=given,
                config=self._config,
                tracing=self._tracing,
                stopped=lambda: all(sign() for sign in stopped),
            )
        except _THROUGH:
            raise
        except (Exception, SystemExit, Cancelled) as error:
            if _told_to_exit(error):
                raise
            _log.warning("bulk failed, its requests are run one by one: %s", masked(told(error)))
            return [self.answer(worker_type=worker_type, request=request) for request in requests]
        took = round((time.monotonic() - begun) / len(requests), 4)
        answers = [
            self._worded_outcome(worker_type, request, outcome, took)
            for request, outcome in zip(given, found, strict=True)
        ]
        return [
            self._ready(worker_type, request, answer) for request, answer in zip(given, answers, strict=True)
        ]

    def _ready(self, worker_type: str, request: WorkRequest, answer: WorkAnswer) -> WorkAnswer:
        """Return an answer as it leaves; recordings have all contents in them."""
        if self._recorder is not None:
            self._recorder.keep(worker_type=worker_type, request=request, answer=answer)
        return self._contents.answered(request, answer)

    def _outcome(self, worker_type: str, request: WorkRequest) -> WorkResult | BaseException:
        try:
            return self._announced_run(worker_type, request)
        except _THROUGH:
            raise
        # A library that calls sys.exit() must not take the worker along.
        except (Exception, SystemExit, Cancelled) as error:
            if _told_to_exit(error):
                raise
            return error

    def _worded_outcome(
        self, worker_type: str, request: WorkRequest, outcome: WorkResult | BaseException, took: float
    ) -> WorkAnswer:
        try:
            return self._in_its_words(worker_type, request, outcome, took)
        # A worker type may have made an error that is not as those it derives from.
        except Exception:  # noqa: BLE001 (logged with its traceback)
            facts = _facts(worker_type, request) | {"action": "work.failed"}
            _log.exception("outcome cannot be worded", extra=facts)
            text = told(outcome) if isinstance(outcome, BaseException) else type(outcome).__name__
            return self.worded(request, AnswerStatus.ERROR, text, took=took)

    def _in_its_words(
        self, worker_type: str, request: WorkRequest, outcome: WorkResult | BaseException, took: float
    ) -> WorkAnswer:
        match outcome:
            case WorkResult():
                return self._succeeded(request, outcome, took)
            case InvalidContent():
                return self.worded(request, AnswerStatus.INVALID_CONTENT, *outcome.messages, took=took)
            case Cancelled():
                # Whoever knows of the cancellation does not send it.
                return self.worded(request, AnswerStatus.ERROR, "Cancelled", took=took)
            case RetryLater():
                return self._later(request, outcome, took)
            case _:
                facts = _facts(worker_type, request) | {"action": "work.failed"}
                _log.error("worker type failed", extra=facts, exc_info=outcome)
                return self.worded(request, AnswerStatus.ERROR, told(outcome), took=took)

    def _succeeded(self, request: WorkRequest, result: WorkResult, took: float) -> WorkAnswer:
        return WorkAnswer(
            tenant=request.tenant,
            request_id=request.request_id,
            status=AnswerStatus.SUCCESS,
            messages=_bounded(result.messages),
            additional_headers=result.additional_headers,
            content=result.content,
            dispatch_id=request.dispatch_id,
            worker_id=self._config.worker_id,
            run_seconds=took,
        )

    def run(self, *, worker_type: str, request: WorkRequest) -> WorkResult:
        """Run a request for nobody but the caller; what the worker type raises comes through.

        Raises:
            InvalidResult: the worker type returned something that cannot be answered.
        """
        facts = _facts(worker_type, request)
        return self._run(worker_type, request, RequestLog(_log, facts), partial(_logged, facts))

    def worded(
        self, request: WorkRequest, status: AnswerStatus, *messages: str, took: float | None = None
    ) -> WorkAnswer:
        """Return an answer without content, from work that took so many seconds, if any was begun."""
        return WorkAnswer(
            tenant=request.tenant,
            request_id=request.request_id,
            status=status,
            messages=_bounded(messages),
            dispatch_id=request.dispatch_id,
            worker_id=self._config.worker_id,
            run_seconds=took,
        )

    def _later(self, request: WorkRequest, error: RetryLater, took: float) -> WorkAnswer:
        if request.dispatch_id is None:
            # The sender does not know this status: it would drop the answer.
            return self.worded(request, AnswerStatus.ERROR, str(error), took=took)
        return WorkAnswer(
            tenant=request.tenant,
            request_id=request.request_id,
            status=AnswerStatus.RETRY_LATER,
            messages=_bounded((error.reason,)),
            dispatch_id=request.dispatch_id,
            retry_after=max(error.after, 0.0),
            worker_id=self._config.worker_id,
            run_seconds=took,
        )

    def _announced_run(self, worker_type: str, request: WorkRequest) -> WorkResult:
        """Run a request; what it says meanwhile is sent to its manager."""
        lines = self._lines.of(lambda text: self._announce(self.worded(request, AnswerStatus.RUNNING, text)))
        facts = _facts(worker_type, request)
        try:
            log = RequestLog(_log, facts, tell=lines.log)
            return self._run(worker_type, request, log, partial(_told, facts, lines))
        finally:
            lines.close()

    def _run(
        self, worker_type: str, request: WorkRequest, log: RequestLog, report: Callable[[str], None]
    ) -> WorkResult:
        config = self._config
        stopped = partial(self._signs.is_up, request.dispatch_id)
        if stopped():
            raise Cancelled
        with (
            self._tracing.run(worker_type=worker_type, request=request),
            Workspace(parent=config.workdir, quota=config.workdir_quota) as workspace,
        ):
            checkpoint = Checkpoint(folder=config.checkpoints, worker_type=worker_type, request=request)
            context = WorkContext(
                log=log,
                storage=config.storage,
                file_roots=config.file_roots,
                workspace=workspace,
                report=report,
                stopped=stopped,
                checkpoint=checkpoint,
                secrets=self._secrets,
            )
            result = checked(declare.find(worker_type).run(request, context), maximum=config.max_content)
        checkpoint.done()
        return result


def _told_to_exit(error: BaseException) -> bool:
    """Tell an exit that the pool asked its process for with a signal from one that the code asked for."""
    return isinstance(error, SystemExit) and error.code in _EXITS_BY_SIGNAL


def _told(facts: Mapping[str, Any], lines: RunLines, line: str) -> None:
    _logged(facts, line)
    lines.progress(line)


def _logged(facts: Mapping[str, Any], line: str) -> None:
    RequestLog(_log, facts).info("progress: %s", line, extra={"action": "work.progress"})


def _facts(worker_type: str, request: WorkRequest) -> dict[str, Any]:
    facts = {
        "tenant": request.tenant,
        "request_id": request.request_id,
        "dispatch_id": request.dispatch_id,
        "worker_type": worker_type,
    }
    dispatch = TraceParent.parse(request.trace_parent)
    return facts if dispatch is None else facts | {"trace_id": dispatch.trace_id}


def _bounded(messages: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    if not messages:
        return ()
    return tuple(masked(message)[:_MAX_MESSAGE_LENGTH] for message in messages[:_MAX_MESSAGES])
