"""Steps of executions, and what the answer of a fleet says. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from regards_processing.kernel.audit.storable import storable_text
from regards_processing.kernel.json_values import is_storable
from regards_processing.processing.states import FINAL, ExecutionStatus

_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_LONGEST_MESSAGE: Final = 20_000
#: Bytes: PostgreSQL has no room for more in an index.
_LONGEST_URL: Final = 2_000
_SIZES: Final = 2**63
_LONGEST_DIGEST: Final = 64


class UnreadableOutcome(ValueError):
    """What a fleet answered is no outcome of an execution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an execution."""

    status: ExecutionStatus
    at: datetime
    message: str = ""

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read a step.

        Raises:
            UnreadableOutcome: it is none.
        """
        try:
            return cls(
                status=ExecutionStatus(stored["status"]),
                at=_EPOCH + timedelta(milliseconds=int(stored["time"])),
                message=storable_text(stored.get("message") or "", longest=_LONGEST_MESSAGE),
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise UnreadableOutcome(f"{stored!r:.200} is no step: {error!r}") from error

    def since(self, earlier: Mapping[str, Any]) -> int:
        """Return how many milliseconds lie between a stored step and this one; clocks may differ a little."""
        return max(0, int(self.to_json()["time"]) - int(earlier["time"]))

    def to_json(self) -> dict[str, Any]:
        """Write the step, its time in milliseconds since 1970."""
        milliseconds = (self.at - _EPOCH) // timedelta(milliseconds=1)
        return {"status": self.status.value, "time": milliseconds, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """A file that an execution made, as its fleet says."""

    name: str
    url: str
    size: int
    sha256: str
    input_correlation_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an execution ended."""

    status: ExecutionStatus
    message: str = ""
    #: Steps on the fleet, the final one not among them.
    steps: tuple[Step, ...] = ()
    files: tuple[MadeFile, ...] = ()
    log: tuple[str, ...] = field(default=())

    @classmethod
    def failure(cls, message: str) -> Self:
        """Return the end of an execution that no fleet carried out."""
        return cls(status=ExecutionStatus.FAILURE, message=storable_text(message))

    @classmethod
    def from_answer(cls, content: bytes | None) -> Self:
        """Read what the worker type ``run-process`` answers.

        Raises:
            UnreadableOutcome: it is no outcome.
        """
        try:
            answer = json.loads(content or b"")
            status = ExecutionStatus(answer["finalStatus"])
            if status not in FINAL:
                raise UnreadableOutcome(f"finalStatus {status} is not final")
            return cls(
                status=status,
                message=storable_text(answer.get("message") or "", longest=_LONGEST_MESSAGE),
                steps=tuple(Step.from_json(step) for step in answer.get("steps") or ()),
                files=tuple(_file(file) for file in answer.get("outputs") or ()),
                log=tuple(map(storable_text, answer.get("log") or ())),
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise UnreadableOutcome(f"The fleet's answer is no outcome of an execution: {error!r}") from error


def _file(made: Mapping[str, Any]) -> MadeFile:
    file = MadeFile(
        name=str(made["name"]),
        url=str(made["url"]),
        size=int(made["size"]),
        sha256=str(made["sha256"]),
        input_correlation_ids=tuple(str(each) for each in made.get("inputCorrelationIds") or ()),
    )
    texts = (file.name, file.url, unquote(urlsplit(file.url).path), file.sha256, *file.input_correlation_ids)
    if not all(map(is_storable, texts)):
        raise ValueError(
            f"the texts of output {file.name!r:.200} must not have a NUL or half of a surrogate pair"
        )
    if len(file.url.encode()) > _LONGEST_URL:
        raise ValueError(f"url of output {file.name!r:.200} is limited to {_LONGEST_URL} bytes")
    if len(file.sha256) > _LONGEST_DIGEST:
        raise ValueError(f"sha256 of output {file.name!r:.200} is limited to {_LONGEST_DIGEST} digits")
    if not 0 <= file.size < _SIZES:
        raise ValueError(f"size of output {file.name!r:.200} must be from 0 to {_SIZES - 1}, got {file.size}")
    return file
