"""Requests of a running fleet with their answers, kept in files, to be run again in a test."""

import json
import logging
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from workers.contract import bodies
from workers.contract.errors import MalformedMessage
from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk.config import WorkerConfig
from workers.sdk.errors import ConfigurationError

#: Only the owner: contents are those of clients.
_MODE: Final = 0o600

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A request, and what a worker type answered."""

    worker_type: str
    request: WorkRequest
    answer: WorkAnswer

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a recording.

        Raises:
            ConfigurationError: the file cannot be read, or holds no recording.
        """
        try:
            fields = bodies.load_object(path.read_bytes())
            request = WorkRequest.from_raw(
                headers=fields["headers"],
                body=bodies.decode_content(fields["content"]) or b"",
                message_id=fields["dispatchId"],
            )
            answer = WorkAnswer.from_wire(
                headers=fields["headers"],
                body=json.dumps(fields["answer"]).encode(),
                correlation_id=request.dispatch_id,
            )
            return cls(worker_type=str(fields["workerType"]), request=request, answer=answer)
        except (OSError, MalformedMessage, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"{path} is no recording of a request: {error!r}") from error

    def to_json(self) -> dict[str, Any]:
        """Return the recording as it is written: headers, content and answer as they are on the wire."""
        return {
            "workerType": self.worker_type,
            "headers": self.request.wire_headers(),
            "dispatchId": self.request.dispatch_id,
            "content": bodies.encode_content(self.request.content),
            "answer": json.loads(self.answer.to_wire().body),
        }

    def differences(self, answer: WorkAnswer) -> list[str]:
        """Return in words how another answer to this request differs; JSON is compared by its values.

        Messages of work that has succeeded are for people, and not compared.
        """
        compared: list[tuple[str, object, object]] = [
            ("status", self.answer.status.value, answer.status.value)
        ]
        if self.answer.status is not AnswerStatus.SUCCESS:
            compared.append(("messages", self.answer.messages, answer.messages))
        compared += [
            ("headers", self.answer.additional_headers or {}, answer.additional_headers or {}),
            ("content", _comparable(self.answer.content), _comparable(answer.content)),
        ]
        return [
            f"{name}: {before!r:.200} before, {now!r:.200} now"
            for name, before, now in compared
            if before != now
        ]


class Recorder:
    """Writes what one process answers, until it has written enough."""

    def __init__(self, *, folder: Path, most: int) -> None:
        self._folder = folder
        self._left = most

    @classmethod
    def of(cls, config: WorkerConfig) -> Self | None:
        """Return the recorder that was asked for, if any."""
        return cls(folder=config.recordings, most=config.most_recordings) if config.recordings else None

    def keep(self, *, worker_type: str, request: WorkRequest, answer: WorkAnswer) -> None:
        """Write a recording; what goes wrong is logged once, and must not end the work."""
        if self._left <= 0:
            return
        self._left -= 1
        recording = Recording(worker_type=worker_type, request=request, answer=answer)
        text = json.dumps(recording.to_json(), indent=1)
        path = self._folder / f"{worker_type}.{os.getpid()}-{secrets.token_hex(6)}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w") as file:
                file.write(text)
        except OSError as error:
            self._left = 0
            _log.warning("requests are not recorded: %s", error, extra={"action": "recording.failed"})


def recordings(folder: Path) -> Iterator[tuple[str, Recording]]:
    """Yield the recordings in a folder with the names of their files, the oldest first.

    Raises:
        ConfigurationError: there are none, or one cannot be read.
    """
    paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    if not paths:
        raise ConfigurationError(f"{folder} holds no recordings (*.json)")
    for path in paths:
        yield path.name, Recording.from_file(path)


def _comparable(content: bytes | None) -> object:
    try:
        return bodies.read_strictly(content or b"")
    except (ValueError, RecursionError):
        return content or b""
