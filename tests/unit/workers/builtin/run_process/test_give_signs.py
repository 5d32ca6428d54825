"""An execution that has nothing to tell gives a sign of life all the same."""

from pathlib import Path

import pytest

from tests.unit.workers.builtin.run_process.orders import a_program, an_order, carried_out
from workers.builtin.run_process import voice
from workers.builtin.run_process.voice import Voice
from workers.sdk import Cancelled


class Listened:
    """A voice, what it told, and a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[str] = []
        self.voice = Voice(self.told.append, clock=lambda: self.now)

    def look_at(self, *moments: float) -> list[str]:
        """Look at these moments; return what was told by then."""
        for self.now in moments:
            self.voice.look()
        return self.told


def test_it_tells_the_last_line_again_after_each_minute_of_silence() -> None:
    listened = Listened()
    listened.voice("first")
    listened.voice("second")
    assert listened.look_at(30, 59.9) == ["first", "second"]
    assert listened.look_at(60, 61, 119.9, 120) == ["first", "second", "second", "second"]


def test_every_line_is_a_sign() -> None:
    listened = Listened()
    listened.voice("first")
    listened.look_at(50)
    listened.voice("second")
    assert listened.look_at(100) == ["first", "second"]


def test_it_says_nothing_before_there_was_something_to_tell() -> None:
    assert Listened().look_at(1000) == []


def test_a_program_that_writes_nothing_more_is_heard_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "_SILENCE", 0.5)
    told: list[str] = []
    order = an_order(a_program(tmp_path, "echo begun", "exec sleep 600"), timeLimit=60)
    with pytest.raises(Cancelled):
        carried_out(
            order,
            storage=tmp_path / "storage",
            roots=tmp_path,
            progress=told,
            cancelled=lambda: told.count("begun") > 1,
        )
    assert told[-2:] == ["begun", "begun"]
