"""A manager in memory: requests go through worker types and workflows within one process, for tests.

Requests and answers cross the wire's forms both ways, so what a broker would carry is what is seen.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

from workers.contract.gathering import gather, gather_headers
from workers.contract.itinerary import Taken, after
from workers.contract.kept_headers import HeadersTooLarge, check_size, keep
from workers.contract.repetition import RoundsUsedUp
from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import declare
from workers.sdk.config import WorkerConfig
from workers.sdk.loading import load_types
from workers.sdk.recordings import Recording
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing
from workers.sdk.workflows import Link, Workflow

#: Attempts that a dispatch gets, unless told otherwise.
_ATTEMPTS: Final = 3


class MemoryManager:
    """Runs requests with the runtime of a fleet, one after the other, without broker and pool.

    with MemoryManager({"REGARDS_VAR": str(tmp_path)}) as manager:
        assert manager.process(INGEST, content=b"{}").status is AnswerStatus.SUCCESS
    """

    def __init__(self, environment: Mapping[str, str] | None = None, *, attempts: int = _ATTEMPTS) -> None:
        """Configure.

        Args:
            environment: variables of the fleet; the process's own if absent.
            attempts: how often a dispatch is tried whose worker asks for another time; nobody waits for it.

        Raises:
            ConfigurationError: a variable has a value that makes no sense.
        """
        config = WorkerConfig.from_env(os.environ if environment is None else environment)
        config.storage.mkdir(parents=True, exist_ok=True)
        self._runner = Runner(config=config, announce=self._hear, tracing=Tracing(config=config))
        self._attempts = attempts
        self._numbers = count(1)
        #: Everything that worker types have answered, RUNNING included, in order.
        self.answers: list[WorkAnswer] = []

    def process(
        self,
        work: str | Callable[..., Any] | Workflow,
        *,
        content: bytes = b"",
        content_type: str = "",
        headers: Mapping[str, str] | None = None,
        tenant: str = "default",
        request_id: str | None = None,
        owner: str = "owner",
        session: str = "session",
    ) -> WorkAnswer:
        """Take a request through a worker type, by its name or its function, or through a workflow.

        Returns the answer of the last step that was taken, with the headers that the workflow keeps, or the
        first one that was no success; that is also one after which a loop has no more rounds.
        ``request_id`` is a new one unless given.

        Raises:
            UnknownWorkerType: nothing declares one of the worker types.
            DeclarationError: the function declares none, or the workflow is none that a manager could drive.
        """
        number = next(self._numbers)
        request = WorkRequest(
            tenant=tenant,
            request_id=request_id or f"request-{number}",
            owner=owner,
            session=session,
            content_type=content_type,
            content=content,
            headers=dict(headers or {}),
        )
        steps, keeps = _steps(work), isinstance(work, Workflow) and work.keep_headers
        taken: Taken[Link] | None = Taken(steps[0])
        while taken:
            answer = self._step(taken, request, place=f"{number}:{taken.step.number}")
            if answer.status is not AnswerStatus.SUCCESS:
                break
            own = answer.additional_headers or {}
            try:
                headers = keep(request.headers, own) if keeps else dict(own)
                request = replace(request, content=answer.content or b"", headers=headers)
                answer = replace(answer, additional_headers=headers or None)
                taken = after(steps, number=taken.step.number, headers=headers, repeats=taken.repeats)
                check_size(headers if taken else {})
            except (RoundsUsedUp, HeadersTooLarge) as error:
                return replace(answer, status=AnswerStatus.ERROR, messages=(str(error),), content=None)
        return answer

    def process_bulk(
        self, work: str | Callable[..., Any], *, contents: Sequence[bytes], tenant: str = "default"
    ) -> list[WorkAnswer]:
        """Take a request for each content through a bulk worker type at once; return their answers, in order.

        Raises:
            UnknownWorkerType: nothing declares it as a bulk type.
            DeclarationError: the function declares none.
        """
        ((name,),) = (step.workers for step in _steps(work))
        requests = [
            _received(
                WorkRequest(
                    tenant=tenant,
                    request_id=f"request-{number}",
                    owner="owner",
                    session="session",
                    content=content,
                    headers={},
                    dispatch_id=f"{number}:1:1",
                )
            )
            for content, number in zip(contents, self._numbers, strict=False)
        ]
        for answer in self._runner.answer_bulk(worker_type=name, requests=requests):
            self._hear(answer)
        return self.answers[-len(requests) :]

    def replay(self, recording: Recording) -> WorkAnswer:
        """Run a request that was recorded, as it came; `Recording.differences` compares the answer.

        Raises:
            UnknownWorkerType: nothing declares its worker type.
        """
        ((name,),) = (step.workers for step in _steps(recording.worker_type))
        return self._dispatched(name, recording.request)

    def _step(self, taken: Taken[Link], request: WorkRequest, *, place: str) -> WorkAnswer:
        """Return the answer to a step; to a parallel one that of all members, or of one that failed."""
        members, earlier = taken.step.workers, taken.repeats * self._attempts
        if len(members) == 1:
            return self._attempted(members[0], request, place=place, earlier=earlier)
        answers = [
            self._attempted(name, request, place=f"{place}:{branch}", earlier=earlier)
            for branch, name in enumerate(members, 1)
        ]
        failed = [one for one in answers if one.status is not AnswerStatus.SUCCESS]
        if failed:
            return failed[0]
        return replace(
            answers[-1],
            content=gather([one.content or b"" for one in answers]),
            additional_headers=gather_headers(one.additional_headers for one in answers),
        )

    def _attempted(self, name: str, request: WorkRequest, *, place: str, earlier: int) -> WorkAnswer:
        """Return the answer to the last attempt; ``earlier`` ones were in rounds before."""
        for attempt in range(earlier + 1, earlier + self._attempts + 1):
            answer = self._dispatched(name, replace(request, dispatch_id=f"{place}:{attempt}"))
            if answer.status is not AnswerStatus.RETRY_LATER:
                break
        return answer

    def _dispatched(self, name: str, request: WorkRequest) -> WorkAnswer:
        self._hear(self._runner.answer(worker_type=name, request=_received(request)))
        return self.answers[-1]

    def _hear(self, answer: WorkAnswer) -> None:
        wire = answer.to_wire()
        self.answers.append(
            WorkAnswer.from_wire(headers=wire.headers, body=wire.body, correlation_id=wire.correlation_id)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let worker types that are classes give back what they hold."""
        declare.close_instances()


def _received(request: WorkRequest) -> WorkRequest:
    """Return a request as a worker receives it."""
    return WorkRequest.from_raw(
        headers=request.wire_headers(), body=request.content, message_id=request.dispatch_id
    )


def _steps(work: str | Callable[..., Any] | Workflow) -> list[Link]:
    """Return the steps; their worker types are loaded."""
    if isinstance(work, Workflow):
        steps = work.links()
    else:
        steps = [Link(1, (work if isinstance(work, str) else declare.declared_by(work).name,))]
    load_types(types=[name for step in steps for name in step.workers], modules=[])
    return steps
