"""An answer that does not name the dispatch it answers, as workers of the reference write it."""

from dataclasses import dataclass, fields
from typing import Self
from uuid import UUID

from workers.contract.work_answer import WorkAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class NamelessAnswer(WorkAnswer):
    """An answer that is known by its message alone when it comes again."""

    fingerprint: UUID
    #: The broker has delivered the message before: it may have counted.
    again: bool

    @classmethod
    def of(cls, answer: WorkAnswer, *, fingerprint: UUID, again: bool) -> Self:
        """Return an answer with what its message tells."""
        said = {field.name: getattr(answer, field.name) for field in fields(WorkAnswer)}
        return cls(**said, fingerprint=fingerprint, again=again)
