"""Answers, for tests without a database."""

from collections.abc import Mapping, Sequence

from workers.contract.work_answer import AnswerStatus, WorkAnswer


def a_worker_says(
    status: str = "SUCCESS",
    *,
    content: bytes | None = None,
    messages: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    dispatch_id: str | None = None,
    retry_after: float | None = None,
) -> WorkAnswer:
    """Return a worker's answer to the request ``r-1``."""
    return WorkAnswer(
        tenant="demo",
        request_id="r-1",
        status=AnswerStatus(status),
        messages=tuple(messages),
        additional_headers=headers,
        content=content,
        dispatch_id=dispatch_id,
        retry_after=retry_after,
    )
