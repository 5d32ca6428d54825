"""Kinds of jobs that leave a trace of every page."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from regards_processing.kernel.errors import DomainError
from regards_processing.kernel.jobs.context import JobContext, Page
from regards_processing.kernel.jobs.kinds import job_kind
from regards_processing.kernel.jobs.models import Job
from regards_processing.kernel.outbox.models import OutboxEntry
from tests.factories.worker_manager import AT

WRITE = "tests.write"
URGENT = "tests.urgent"


class TornPage(DomainError):
    """The page is torn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """How many pages to write; one may be torn, one may burn."""

    pages: int = 3
    torn: int | None = None
    burning: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**stored)


@job_kind(WRITE, parameters=Book, priority=5)
def write(context: JobContext, book: Book) -> Page:
    number = context.state.get("written", 0) + 1
    OutboxEntry.objects.create(created_at=context.at, message_count=number, messages=b"")
    if number == book.torn:
        raise TornPage
    if number == book.burning:
        raise ValueError(f"page {number} is\0on fire")
    last = number == book.pages
    return Page(state=None if last else {"written": number}, done=1, total=book.pages, counts={"written": 1})


@job_kind(URGENT, parameters=Book, priority=9)
def write_now(context: JobContext, book: Book) -> Page:
    return write(context, book)


def written() -> list[int]:
    """Return the numbers of the pages whose trace was committed, oldest first."""
    return list(OutboxEntry.objects.order_by("pk").values_list("message_count", flat=True))


class Meanwhile:
    """A clock that lets something happen between two pages, once a job has done so many."""

    def __init__(self, action: Callable[[], object], *, done: int) -> None:
        self._action: Callable[[], object] | None = action
        self._done = done

    def __call__(self) -> datetime:
        action = self._action
        if action is not None and Job.objects.of_any_tenant().filter(done__gte=self._done).exists():
            self._action = None
            action()
        return AT
