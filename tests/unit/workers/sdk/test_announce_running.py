"""Work that lasts is announced once: when the broker takes that, and before the answer."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import process
from workers.sdk.config import WorkerConfig
from workers.sdk.managed import ManagedRequest
from workers.sdk.pace import Pace
from workers.sdk.pulse import Pulse
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing


class _Announcer:
    """A broker that is there for some of the announcements."""

    def __init__(self, *there: bool) -> None:
        self._there = list(there)
        self.heard: list[WorkAnswer] = []

    def running(self, answer: WorkAnswer) -> bool:
        self.heard.append(answer)
        return self._there.pop(0)

    def close(self) -> None:
        """Do nothing."""


class _Looks:
    """Ends the thread after so many looks."""

    def __init__(self, number: int) -> None:
        self._left = number

    def is_set(self) -> bool:
        return self._left == 0

    def wait(self, _seconds: float) -> None:
        self._left -= 1


def _request(**fields: Any) -> Any:
    """Return a request that the pool began with long ago."""
    request: Any = object.__new__(ManagedRequest)
    request.work = SimpleNamespace(
        request=WorkRequest(tenant="t", request_id="r", headers={}, dispatch_id="1:1:1")
    )
    vars(request).update({"accepted_at": 0.0} | fields)
    return request


def _announced(monkeypatch: pytest.MonkeyPatch, folder: Path, request: Any, *there: bool) -> list[WorkAnswer]:
    """Return what is announced in five looks."""
    config = WorkerConfig.from_env({"REGARDS_VAR": str(folder), "WORKER_RUNNING_AFTER_SECONDS": "0.5"})
    runner = Runner(config=config, announce=print, tracing=Tracing(config=config))
    monkeypatch.setattr(process, "_runner", runner)
    announcer: Any = _Announcer(*there)
    thread = Pulse(
        config=config,
        types=[],
        announcer=announcer,
        in_hand={"1:1:1": request},
        concurrency=lambda: 1,
        halted=lambda: "not a beat",
        pace=Pace(),
    )
    monkeypatch.setattr(thread, "_stopping", _Looks(5))
    thread.run()
    heard: list[WorkAnswer] = announcer.heard
    return heard


def test_it_announces_work_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    [answer] = _announced(monkeypatch, tmp_path, _request(), True)
    assert (answer.status, answer.dispatch_id) == (AnswerStatus.RUNNING, "1:1:1")


def test_it_announces_again_what_was_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert len(_announced(monkeypatch, tmp_path, _request(), False, False, True)) == 3


@pytest.mark.parametrize("state", [{"_answered": True}, {"accepted_at": None}, {"announced": True}])
def test_it_announces_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: dict[str, object]
) -> None:
    assert _announced(monkeypatch, tmp_path, _request(**state)) == []
