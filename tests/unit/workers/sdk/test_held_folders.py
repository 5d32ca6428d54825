"""Folders of runs: those of killed processes are swept, those of living ones never."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from workers.sdk.held_folders import STAGING, HeldFolder, sweep
from workers.sdk.workspace import Workspace

#: A fleet at work: it has made its folder, and left rights in it that nobody can remove it with.
_FLEET = """
import sys, time
from pathlib import Path
from workers.sdk.workspace import Workspace
workspace = Workspace(parent=Path(sys.argv[1]))
inner = workspace.folder() / "inner"
inner.mkdir()
(inner / "file").touch()
inner.chmod(0)
print(workspace.folder(), flush=True)
time.sleep(600)
"""


@contextmanager
def _fleet(workdir: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Run a fleet, and give the folder of its run."""
    command = [sys.executable, "-c", _FLEET, str(workdir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield Path(cast("IO[str]", process.stdout).readline().strip()), process
        process.kill()


def test_it_removes_what_a_killed_process_has_left_and_nothing_of_a_living_one(tmp_path: Path) -> None:
    workdir, storage = tmp_path / "work", tmp_path / "storage"
    with _fleet(workdir) as (dead, killed), _fleet(workdir) as (living, _):
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert sweep(workdir=workdir, storage=storage) == 1
        assert (dead.exists(), living.exists()) == (False, True)
        assert sweep(workdir=workdir, storage=storage) == 0
    assert sweep(workdir=workdir, storage=storage) == 1
    assert list(workdir.iterdir()) == []


def test_it_removes_what_was_on_its_way_into_the_storage(tmp_path: Path) -> None:
    staging = tmp_path / "storage" / "demo" / STAGING
    with HeldFolder(staging) as living:
        left = staging / "left"
        left.mkdir()
        (staging / "left.lock").touch()
        assert sweep(workdir=tmp_path / "work", storage=tmp_path / "storage") == 1
        assert (left.exists(), living.path.exists()) == (False, True)
    assert list(staging.iterdir()) == []


def test_it_leaves_alone_what_it_did_not_make(tmp_path: Path) -> None:
    for name in ("run-of-an-earlier-release", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other.lock").touch()
    assert sweep(workdir=tmp_path, storage=tmp_path / "none") == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_every_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    with Workspace(parent=tmp_path) as first, Workspace(parent=tmp_path) as second:
        assert first.folder() == first.folder() != second.folder()
    assert list(tmp_path.iterdir()) == []
