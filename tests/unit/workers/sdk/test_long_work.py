"""When long work is acknowledged, and how many messages the broker may send meanwhile."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workers.contract.work_answer import AnswerStatus, WorkAnswer
from workers.contract.work_request import WorkRequest
from workers.sdk import process
from workers.sdk.config import WorkerConfig
from workers.sdk.long_work import LongWork
from workers.sdk.runner import Runner
from workers.sdk.tracing import Tracing

_LONG = 600.0


class Asked:
    """A request, and what was asked of it; everything is written into one diary."""

    handed_back = False
    announced = watched = False
    on_end: Callable[[], None]
    confirmed: Callable[[], None]

    def __init__(
        self, name: str, diary: list[str], *, dispatch_id: str | None, longest: float | None
    ) -> None:
        request = WorkRequest(tenant="t", request_id=name, content=b"", headers={}, dispatch_id=dispatch_id)
        self.id, self._diary = name, diary
        self.work, self.longest = SimpleNamespace(request=request), longest

    def send(self, answer: WorkAnswer, *, confirmed: Callable[[], None]) -> None:
        assert answer.status is AnswerStatus.RUNNING
        self._diary.append(f"{self.id} said to run")
        self.confirmed = confirmed

    def acknowledge_early(self) -> None:
        self._diary.append(f"{self.id} acknowledged")


class Office:
    """Long work of a pool of two, and a diary of what it has others do."""

    def __init__(self, *, connected: bool = True, impatient: bool = True) -> None:
        self.diary: list[str] = []
        self._connected = connected
        self.stopping = False
        self.long_work = LongWork(
            impatient=impatient,
            concurrency=lambda: 2,
            room=self._make_room,
            start=lambda request: self.diary.append(f"{request.id} started"),
            stopping=lambda: self.stopping,
            give_back=lambda request: self.diary.append(f"{request.id} given back"),
            soon=lambda callback: callback(),
        )

    def _make_room(self, messages: int) -> None:
        if not self._connected:
            raise ConnectionError
        self.diary.append(f"room for {messages}")

    def take(self, name: str, *, dispatch_id: str | None = "1:1:1", longest: float | None = _LONG) -> Any:
        request = Asked(name, self.diary, dispatch_id=dispatch_id, longest=longest)
        return request if self.long_work.take(request) else None  # type: ignore[arg-type] # see its docstring


@pytest.fixture(autouse=True)
def _runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_runner", None)
    config = WorkerConfig.from_env({"REGARDS_VAR": str(tmp_path)})
    process.install(Runner(config=config, announce=print, tracing=Tracing(config=config)))


def test_it_acknowledges_when_the_broker_has_the_word_that_work_begins() -> None:
    office = Office()
    request = office.take("a")
    assert (office.diary, request.announced) == (["a said to run"], True)
    request.confirmed()
    assert office.diary[1:] == ["room for 1", "a acknowledged", "a started"]


def test_it_leaves_no_room_while_all_units_are_busy() -> None:
    office = Office()
    first, second = office.take("a"), office.take("b")
    first.confirmed()
    second.confirmed()
    first.on_end()
    second.on_end()
    rooms = [line for line in office.diary if line.startswith("room")]
    assert rooms == ["room for 1", "room for 0", "room for 1", "room for 2"]


def test_it_gives_back_what_cannot_begin() -> None:
    office = Office()
    office.take("a").confirmed()
    office.take("b")
    office.take("c")
    assert office.diary[-1] == "c given back"


def test_it_tells_a_new_connection_how_much_room_there_is() -> None:
    office = Office()
    office.long_work.reconnected()
    assert office.diary == []
    office.take("a").confirmed()
    office.long_work.reconnected()
    assert office.diary[-1] == "room for 1"


def test_it_does_not_begin_what_went_back_meanwhile() -> None:
    office = Office()
    request = office.take("a")
    request.handed_back = True
    request.confirmed()
    assert office.diary == ["a said to run"]


def test_it_begins_nothing_while_its_process_stops() -> None:
    office = Office()
    request = office.take("a")
    office.stopping = True
    request.confirmed()
    assert (office.diary, request.watched) == (["a said to run"], False)


def test_it_leaves_alone_what_nobody_else_watches_over() -> None:
    assert Office().take("a", dispatch_id=None) is None


@pytest.mark.parametrize("longest", [None, 599.9])
def test_it_leaves_alone_what_is_not_long(longest: float | None) -> None:
    office = Office()
    office.take("a").confirmed()
    assert office.take("b", longest=longest) is None


def test_it_leaves_everything_alone_where_the_broker_has_patience() -> None:
    assert Office(impatient=False).take("a") is None


def test_it_gives_back_short_work_that_would_wait_for_long_work() -> None:
    office = Office()
    office.take("a").confirmed()
    office.take("b").confirmed()
    assert office.take("c", longest=60.0) is not None
    assert office.take("d", longest=None, dispatch_id=None) is not None
    assert office.diary[-2:] == ["c given back", "d given back"]


def test_it_begins_although_the_connection_is_lost_on_the_way() -> None:
    office = Office(connected=False)
    request = office.take("a")
    with pytest.raises(ConnectionError):
        request.confirmed()
    assert (office.diary, request.watched) == (["a said to run", "a started"], True)
