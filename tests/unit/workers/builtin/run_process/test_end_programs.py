"""Programs that do not want to end: they do, with all that they started."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import a_program, an_order, carried_out
from tests.unit.workers.builtin.watched import lives
from workers.sdk import Cancelled

#: Ignores what it is asked, starts a child in a session of its own behind another, and stops its guard.
_STUBBORN = (
    "trap '' TERM INT HUP",
    "( setsid sh -c 'trap \"\" TERM; echo $$ >pids.new; exec sleep 600' & )",
    "while ! [ -s pids.new ]; do :; done",
    "echo $$ >>pids.new",
    "kill -STOP $PPID",
)


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    return tmp_path / "pids"


def _run(pids: Path, *more: str, **options: Any) -> dict[str, Any]:
    cancelled = options.pop("cancelled", lambda: False)
    lines = [line.replace("pids.new", f"{pids}.new") for line in _STUBBORN]
    program = a_program(pids.parent, *lines, f"mv {pids}.new {pids}", *more, "exec sleep 600")
    order = an_order(program, **options)
    return carried_out(order, storage=pids.parent / "storage", roots=pids.parent, cancelled=cancelled)


def _left(pids: Path) -> list[str]:
    told = pids.read_text().split()
    assert len(told) == 2
    return [pid for pid in told if lives(int(pid))]


def test_it_ends_them_when_their_time_is_over(pids: Path) -> None:
    assert _run(pids, timeLimit=1)["finalStatus"] == "TIMED_OUT"
    assert _left(pids) == []


def test_it_ends_them_when_nobody_waits_for_them(pids: Path) -> None:
    with pytest.raises(Cancelled):
        _run(pids, cancelled=pids.exists)
    assert _left(pids) == []


def test_it_ends_them_when_they_make_too_much(pids: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_MAX_OUTPUT_FILES", "2")
    assert "More than 2 output files" in _run(pids, "touch output/1 output/2 output/3")["message"]
    assert _left(pids) == []


def test_it_ends_them_when_the_fleet_is_killed(pids: Path) -> None:
    program = a_program(pids.parent, *_STUBBORN[:-1], f"mv pids.new {pids}", "exec sleep 600")
    guard = Path("workers/builtin/run_process/guard.py").resolve()
    fleet = (
        "import subprocess, sys, time;"
        f"subprocess.Popen([sys.executable, '-I', '-S', {str(guard)!r}, '1000000000', {str(program)!r}]);"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", fleet], cwd=pids.parent) as running:
        while not pids.exists():
            assert running.poll() is None
        running.send_signal(signal.SIGKILL)
    assert _left(pids) == []


def test_it_ends_a_program_that_kills_its_guard(pids: Path) -> None:
    program = a_program(pids.parent, f"echo $$ >{pids}", "kill -KILL $PPID", "exec sleep 600")
    answer = carried_out(an_order(program), storage=pids.parent / "storage", roots=pids.parent)
    assert f"Exited with status code {-signal.SIGKILL}" in answer["message"]
    assert not lives(int(pids.read_text()))


def test_it_tells_the_last_lines_while_a_program_runs_and_no_secrets(pids: Path) -> None:
    told: list[str] = []
    program = a_program(pids.parent, "seq 1 20", "echo $DB_PASSWORD $GREETING $KEPT", "exec sleep 600")
    order = an_order(program, timeLimit=20)
    order["plugin"]["parameters"] |= {
        "envVariables": "DB_PASSWORD=open sesame&GREETING=hello&KEPT=nobody sees it",
        "secretEnvVariables": "KEPT=open barley&OTHER=1",
    }
    with pytest.raises(Cancelled):
        carried_out(
            order,
            storage=pids.parent / "storage",
            roots=pids.parent,
            progress=told,
            cancelled=lambda: any("***" in line for line in told),
        )
    # After the two steps.
    assert told[2:] == [*map(str, range(12, 21)), "*** hello ***"]
