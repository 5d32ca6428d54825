"""A process beats before its time when work takes much longer, or much less long, than was told."""

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from workers.contract.heartbeat import WorkerHeartbeat
from workers.contract.wire import Wire
from workers.sdk import pulse
from workers.sdk.config import WorkerConfig
from workers.sdk.pace import Pace
from workers.sdk.pulse import Pulse

_TYPE: Any = SimpleNamespace(name="a", version="1", length=SimpleNamespace(held=None))
_EVENT, _LAST = 150.0, 450.0


class _Clock:
    """Goes on while somebody waits, and only then; at a given time something happens."""

    def __init__(self, *, event: Callable[[], None], at: float) -> None:
        self.now = 0.0
        self._event, self._at = event, at

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        if self.now < self._at <= self.now + seconds:
            self._event()
        self.now += seconds

    def is_set(self) -> bool:
        return self.now > _LAST


class _Announcer:
    """Notes what is sent, and when."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self.beats: list[tuple[float, float | None]] = []

    def send(self, *, exchange: str, wire: Wire) -> bool:  # noqa: ARG002 (there is one)
        beat = WorkerHeartbeat.from_wire(headers=wire.headers, body=wire.body)
        self.beats.append((self._clock.now, beat.run_seconds))
        return True

    def close(self) -> None:
        """Do nothing."""


def _beats(monkeypatch: pytest.MonkeyPatch, *, pace: Pace, event: Callable[[], None]) -> list[Any]:
    """Return when a process beats from the event on, and what it tells; its period is a hundred seconds."""
    clock = _Clock(event=event, at=_EVENT)
    announcer: Any = _Announcer(clock)
    monkeypatch.setattr(pulse, "time", clock)
    thread = Pulse(
        config=WorkerConfig.from_env(
            {"WORKER_HEARTBEAT_SECONDS": "100", "WORKER_RUNNING_AFTER_SECONDS": "0"}
        ),
        types=[_TYPE],
        announcer=announcer,
        in_hand={},
        concurrency=lambda: 1,
        halted=lambda: None,
        pace=pace,
    )
    stopping: Any = clock
    monkeypatch.setattr(thread, "_stopping", stopping)
    thread.run()
    return [(at, told) for at, told in announcer.beats if at >= _EVENT]


def _noting(pace: Pace, seconds: float) -> Callable[[], None]:
    return lambda: pace.note(worker_type="a", seconds=seconds)


def test_without_news_it_beats_every_period(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace()
    pace.note(worker_type="a", seconds=1.0)
    beats = _beats(monkeypatch, pace=pace, event=_noting(pace, 1.5))
    gaps = [round(later - earlier) for (earlier, _), (later, _) in pairwise(beats)]
    assert gaps == [100, 100]
    assert beats[0][0] > _EVENT + 50


def test_with_news_it_beats_at_once_and_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace()
    beats = _beats(monkeypatch, pace=pace, event=_noting(pace, 1.0))
    assert beats[0][1] == 1.0
    assert beats[0][0] <= _EVENT + 1
    assert [round(at - beats[0][0]) for at, _ in beats[1:]] == [100, 200]
