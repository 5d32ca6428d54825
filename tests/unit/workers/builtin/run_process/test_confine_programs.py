"""Programs in a sandbox: what they cannot reach, what they can, and what is told of it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import (
    EXECUTION_ID,
    a_program,
    an_input,
    an_order,
    carried_out,
)
from tests.unit.workers.builtin.watched import lives
from workers.builtin.run_process import landlock

pytestmark = pytest.mark.landlock

_SECRET = "open sesame"
_SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"]
#: This Python, wherever it is installed.
_PYTHON = [sys.prefix, sys.base_prefix]
_IGNORED_BY_PYTHON = 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1
_CONNECT = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=5)"
_LISTEN = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that no execution has to do with."""
    file = tmp_path / "elsewhere" / "secret.txt"
    file.parent.mkdir()
    file.write_text(_SECRET)
    return file


@pytest.fixture(autouse=True)
def demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_SANDBOX", "landlock")


def _run(folder: Path, *lines: str, **others: Any) -> dict[str, Any]:
    given = folder / "in"
    given.mkdir(exist_ok=True)
    scene = given / "scene.raw"
    scene.write_bytes(b"pixels")
    order = an_order(a_program(given, *lines), an_input(scene, below="F1"), **others)
    return carried_out(order, storage=folder / "storage", roots=given)


def _opened(monkeypatch: pytest.MonkeyPatch, variable: str, *paths: Path | str) -> None:
    monkeypatch.setenv(variable, os.pathsep.join(map(str, paths)))


def _assert_refused(answer: dict[str, Any], *, hint: str = "PROCESS_SANDBOX_READABLE") -> None:
    assert answer["finalStatus"] == "FAILURE"
    assert "Permission denied" in answer["message"]
    assert hint in answer["message"]
    assert _SECRET not in json.dumps(answer)


@pytest.mark.parametrize(
    "line",
    [
        "cat {file}",
        "cat <{file}",
        "ls {folder}",
        "ln -s {file} mine && cat mine",
        "cat /proc/self/root{file}",
        "cp {file} output/a",
        "{file}",
    ],
)
def test_a_program_reads_and_runs_nothing_outside(line: str, outside: Path, tmp_path: Path) -> None:
    outside.chmod(0o755)
    _assert_refused(_run(tmp_path, line.format(file=outside, folder=outside.parent)))


@pytest.mark.parametrize(
    "start",
    [
        "sh -c 'cat {file}'",
        "(setsid cat {file} & wait $!)",
        "echo 'cat {file}' >mine; chmod +x mine; sh ./mine",
        "perl -e 'open(F, qq({file})) or die $!'",
    ],
)
def test_what_a_program_starts_is_confined_as_well(start: str, outside: Path, tmp_path: Path) -> None:
    _assert_refused(_run(tmp_path, start.format(file=outside)))


def test_it_sees_no_other_execution_and_not_the_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    other = work / "run-other" / "input" / "scene.raw"
    stored = tmp_path / "storage" / "default" / "other" / "9f86d0"
    for file in (other, stored):
        file.parent.mkdir(parents=True)
        file.write_text(_SECRET)
    _assert_refused(_run(tmp_path, f"cat {other}"))
    _assert_refused(_run(tmp_path, "ls .."))
    _assert_refused(_run(tmp_path, f"cat {stored}"))


@pytest.mark.parametrize(
    "line",
    [
        "echo x >{folder}/new",
        "echo x >>{file}",
        "truncate -s 0 {file}",
        "mkdir {folder}/new",
        "ln -s / {folder}/new",
        "mv input/F1/scene.raw {folder}/new",
        "rm {file}",
        "echo x >/tmp/new-file-of-a-program",
    ],
)
def test_a_program_writes_nothing_outside(line: str, outside: Path, tmp_path: Path) -> None:
    _assert_refused(_run(tmp_path, line.format(file=outside, folder=outside.parent)))
    assert [path.name for path in outside.parent.iterdir()] == ["secret.txt"]
    assert outside.read_text() == _SECRET


def test_it_learns_nothing_of_the_fleet_and_cannot_end_it(tmp_path: Path) -> None:
    _assert_refused(_run(tmp_path, f"cat /proc/{os.getpid()}/environ"))
    refused = _run(tmp_path, f"kill -0 {os.getpid()}")
    assert "Operation not permitted\nIt ran in a sandbox" in refused["message"]


def test_without_a_sandbox_it_would(monkeypatch: pytest.MonkeyPatch, outside: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("PROCESS_SANDBOX", "off")
    lines = [f"cat {outside} >output/a", f"kill -0 {os.getpid()}", f"grep -q . /proc/{os.getpid()}/environ"]
    assert _run(tmp_path, "set -e", *lines)["message"] == ""


@pytest.mark.parametrize(
    ("network", "code", "told"),
    [
        ("none", _CONNECT, "[Errno 13] Permission denied"),
        ("none", _LISTEN, "[Errno 13] Permission denied"),
        # Nobody listens there: the attempt was made.
        ("any", _CONNECT, "[Errno 111] Connection refused"),
    ],
)
def test_it_forbids_tcp_when_it_is_told_to(
    network: str, code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opened(monkeypatch, "PROCESS_SANDBOX_READABLE", *_SYSTEM, *_PYTHON)
    monkeypatch.setenv("PROCESS_SANDBOX_NETWORK", network)
    answer = _run(tmp_path, f'{sys.executable} -I -S -c "{code}"')
    assert told in answer["message"]
    assert ("PROCESS_SANDBOX_NETWORK forbids TCP" in answer["message"]) is (network == "none")


def test_real_programs_work_in_their_folder(tmp_path: Path) -> None:
    answer = _run(
        tmp_path,
        "set -e",
        "mkdir -p work/deep",
        "mv input/F1/scene.raw work/deep/scene.raw",
        "ln work/deep/scene.raw linked",
        "printf '#!/bin/sh\\ntr a-z A-Z\\n' >upper && chmod +x upper",
        "bash -c './upper < <(cat linked)' | sort | tee copy >/dev/null",
        "cat >here <<END\n$(mktemp)\nEND",
        "rm -r work",
        'test -n "$(nproc)" && grep -q MemTotal /proc/meminfo && head -c 4 /dev/urandom >/dev/null',
        "date >/dev/null; id >/dev/null; umask >&2; echo told",
        "mv copy output/scene.up",
    )
    assert (answer["finalStatus"], answer["message"]) == ("SUCCESS", "")
    assert answer["log"][-1] == "told"
    (output,) = answer["outputs"]
    assert Path(output["url"].removeprefix("file:")).read_text().strip() == "PIXELS"
    assert output["url"].startswith(f"file:{tmp_path}/storage/default/{EXECUTION_ID}/")


def test_it_opens_what_the_operator_names(
    outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    _opened(monkeypatch, "PROCESS_SANDBOX_READABLE", *_SYSTEM, outside)
    _opened(monkeypatch, "PROCESS_SANDBOX_WRITABLE", shared)
    assert _run(tmp_path, f"cat {outside} >output/a && echo x >{shared}/new")["message"] == ""
    assert (shared / "new").read_text() == "x\n"
    _assert_refused(_run(tmp_path, f"echo x >{outside}"))


def test_what_is_the_fleet_s_own_stays_hidden_whatever_lies_around_it(
    outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opened(monkeypatch, "PROCESS_SANDBOX_READABLE", "/")
    monkeypatch.setenv("WORKER_SECRETS_DIR", str(outside.parent))
    beside = tmp_path / "beside.txt"
    beside.write_text("beside")
    assert _run(tmp_path, f"cat {beside} >output/a")["message"] == ""
    _assert_refused(_run(tmp_path, f"cat {outside}"))


def test_a_program_without_the_interpreter_that_it_names_says_so(outside: Path, tmp_path: Path) -> None:
    outside.write_text("#!/no/interpreter\n")
    outside.chmod(0o755)
    order = an_order(outside)
    answer = carried_out(order, storage=tmp_path / "storage", roots=tmp_path)
    assert f"{outside} cannot be started: No such file or directory" in answer["message"]


def test_it_is_a_program_as_any_other(tmp_path: Path) -> None:
    answer = _run(tmp_path, "grep -h -e SigIgn -e CapEff -e NoNewPrivs /proc/self/status", "exit 3")
    assert "Exited with status code 3" in answer["message"]
    told = {name: int(value, 16) for name, value in (line.split() for line in answer["log"])}
    # What whoever runs the tests ignores, as nohup does, is ignored further on.
    assert told.pop("SigIgn:") & _IGNORED_BY_PYTHON == 0
    assert told == {"CapEff:": 0, "NoNewPrivs:": 1}


def test_it_ends_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    _opened(monkeypatch, "PROCESS_SANDBOX_WRITABLE", notes)
    apart = f"setsid sh -c 'echo $$ >{notes}/child; exec sleep 600' &"
    answer = _run(tmp_path, apart, f"echo $$ >{notes}/program", "exec sleep 600", timeLimit=1)
    assert answer["finalStatus"] == "TIMED_OUT"
    pids = [int(path.read_text()) for path in notes.iterdir()]
    assert len(pids) == 2
    assert [pid for pid in pids if lives(pid)] == []


def test_no_program_is_started_that_cannot_be_confined() -> None:
    command = [sys.executable, "-I", "-S", landlock.__file__, "read=/", "--", "/bin/echo", "free"]
    without = [sys.executable, "-m", "tests.fakes.without_landlock", *command]
    done = subprocess.run(without, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr == "/bin/echo cannot be confined by Landlock: Function not implemented\n"
