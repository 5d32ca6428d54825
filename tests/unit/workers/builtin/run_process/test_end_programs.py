"""Programs that do not want to end: they do, with all that they started."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import a_program, an_order, carried_out
from tests.unit.workers.builtin.watched import lives
from workers.builtin.run_process.program import Program, TimeIsOver
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


@pytest.mark.parametrize(
    "words",
    [
        # The secret is where the line is cut; where the program pauses within it; and behind the cut.
        "head -c 1996 /dev/zero | tr '\\0' x; printf '%s' \"$DB_PASSWORD\"; sleep 0.2; echo \" and more\"",
        "head -c 3000 /dev/zero | tr '\\0' x; printf 'open s'; sleep 0.2; echo esame",
        'head -c 90000 /dev/zero | tr \'\\0\' x; sleep 0.2; echo "$DB_PASSWORD"; echo "then $DB_PASSWORD"',
    ],
)
def test_it_tells_no_part_of_a_secret_in_a_long_line(tmp_path: Path, words: str) -> None:
    program = a_program(tmp_path, "touch output/a", f"{{ {words}; }} >&2", "exit 1")
    order = an_order(program)
    order["plugin"]["parameters"]["envVariables"] = "DB_PASSWORD=open sesame"
    answer = carried_out(order, storage=tmp_path / "storage", roots=tmp_path)
    assert len(answer["log"][0]) >= 1999
    assert answer["log"][0].strip("x* ") == ""
    assert answer["log"][1:] in ([], ["then ***"])
    assert "sesame" not in answer["message"]


def test_it_tells_no_line_of_a_secret_of_several(tmp_path: Path) -> None:
    program = a_program(tmp_path, "touch output/a", 'echo "key: $DB_PASSWORD."')
    order = an_order(program)
    order["plugin"]["parameters"]["envVariables"] = "DB_PASSWORD=open\nsesame"
    answer = carried_out(order, storage=tmp_path / "storage", roots=tmp_path)
    assert answer["log"] == ["key: ***", "***."]


def test_it_takes_progress_that_is_written_over_a_line_for_lines(tmp_path: Path) -> None:
    program = a_program(tmp_path, "touch output/a", "printf '10 %%\\r20 %%\\r\\ndone\\n'")
    answer = carried_out(an_order(program), storage=tmp_path / "storage", roots=tmp_path)
    assert answer["log"] == ["10 %", "20 %", "done"]


def _ends_at(moment: float) -> Callable[[], None]:
    def check() -> None:
        if time.monotonic() > moment:
            raise Cancelled

    return check


@pytest.mark.parametrize("sign", ["deadline", "check"])
def test_it_ends_them_in_time_though_to_look_takes_long(tmp_path: Path, sign: str) -> None:
    begun = time.monotonic()

    program = Program(
        folder=tmp_path,
        max_memory=2**30,
        check={"check": _ends_at(begun + 1)}.get(sign, lambda: None),
        watch=lambda: time.sleep(0.3),
        tell=print,
        deadline={"deadline": begun + 1}.get(sign),
    )
    with pytest.raises((TimeIsOver, Cancelled)):
        program.run(["sleep", "600"], environment={})
    assert time.monotonic() - begun < 5
