"""What clients and workers say."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tests.factories.worker_manager import AT
from worker_manager.events.nameless_answer import NamelessAnswer
from worker_manager.events.request_submitted import RequestSubmitted
from worker_manager.events.work_dead_lettered import WorkDeadLettered
from workers.contract.heartbeat import Protocol, WorkerHeartbeat
from workers.contract.stored_content import StoredContent
from workers.contract.work_answer import AnswerStatus, WorkAnswer


def a_submission(
    request_id: str = "r-1",
    *,
    tenant: str = "demo",
    owner: str | None = "acme",
    session: str | None = "2025-06",
    content_type: str | None = "unzip",
    content: bytes = b'{"file":"a.zip"}',
    redelivered: bool = False,
    priority: int | None = None,
) -> RequestSubmitted:
    """Return a client's request."""
    return RequestSubmitted(
        tenant=tenant,
        request_id=request_id,
        owner=owner,
        session=session,
        content_type=content_type,
        content=content,
        redelivered=redelivered,
        priority=priority,
    )


def submissions(
    count: int, *, content_type: str = "unzip", tenant: str = "demo", name: str = "r"
) -> list[RequestSubmitted]:
    """Return requests named ``r-0``, ``r-1`` and so on."""
    return [
        a_submission(f"{name}-{number}", content_type=content_type, tenant=tenant) for number in range(count)
    ]


def an_answer(
    status: str = "SUCCESS",
    *,
    request_id: str = "r-1",
    tenant: str = "demo",
    content: bytes | None = None,
    stored: StoredContent | None = None,
    messages: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    dispatch_id: str | None = None,
    retry_after: float | None = None,
    worker_id: str | None = None,
    run_seconds: float | None = None,
) -> WorkAnswer:
    """Return a worker's answer."""
    return WorkAnswer(
        tenant=tenant,
        request_id=request_id,
        status=AnswerStatus(status),
        messages=tuple(messages),
        additional_headers=headers,
        content=content,
        stored=stored,
        dispatch_id=dispatch_id,
        retry_after=retry_after,
        worker_id=worker_id,
        run_seconds=run_seconds,
    )


def nameless(answer: WorkAnswer, number: int = 1, *, again: bool = False) -> NamelessAnswer:
    """Return an answer as a worker gives it that does not name what it answers, in a message of its own."""
    return NamelessAnswer.of(answer, fingerprint=UUID(int=number), again=again)


def a_dead_letter(
    request_id: str = "r-1", *, tenant: str = "demo", dispatch_id: str | None = None, error: str = "it broke"
) -> WorkDeadLettered:
    """Return a dispatch that came back dead."""
    return WorkDeadLettered(tenant=tenant, request_id=request_id, dispatch_id=dispatch_id, error=error)


def a_beat(
    worker_type: str = "unzip-worker",
    *,
    worker_id: str = "w-1",
    tenant: str = "demo",
    beaten_at: datetime = AT,
    protocol: Protocol = Protocol.RAW,
    concurrency: int | None = None,
    prefetch: int = 1,
    run_seconds: float | None = None,
    stored_contents: bool = False,
) -> WorkerHeartbeat:
    """Return a heartbeat."""
    return WorkerHeartbeat(
        tenant=tenant,
        worker_id=worker_id,
        worker_type=worker_type,
        beaten_at=beaten_at,
        protocol=protocol,
        concurrency=concurrency,
        prefetch=prefetch,
        run_seconds=run_seconds,
        stored_contents=stored_contents,
    )
