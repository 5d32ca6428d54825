"""Processes of one server add up what they measure, whoever dies."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SERVER = Path(__file__).with_name("sharing.py")
_ROOT = Path(__file__).parents[4]


@contextmanager
def _server(folder: Path, plan: str) -> Iterator[dict[str, Any]]:
    """Run a server; give what it has seen while it is still there, and kill it afterwards."""
    command = [sys.executable, str(_SERVER), str(folder), plan]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=_ROOT, env={"PYTHONPATH": str(_ROOT)}, text=True, **pipes) as server:  # type: ignore[call-overload] # pipes by name
        try:
            seen: dict[str, Any] = json.loads(server.stdout.readline())
            yield seen
        finally:
            server.kill()


def test_it_adds_up_what_main_process_and_children_counted(tmp_path: Path) -> None:
    with _server(tmp_path, "m+++m") as seen:
        assert seen["sum"] == 5
        assert seen["files"] == [f"counter_{number}.db" for number in range(4)]


def test_it_keeps_what_a_killed_child_had_counted(tmp_path: Path) -> None:
    with _server(tmp_path, "++xx") as seen:
        assert seen["sum"] == 2


def test_it_needs_no_more_files_than_children_at_one_time(tmp_path: Path) -> None:
    with _server(tmp_path, "+" + "+x" * 10) as seen:
        assert seen["sum"] == 11
        assert seen["files"] == [f"counter_{number}.db" for number in (1, 2)]


def test_it_has_a_folder_for_each_server_that_lives(tmp_path: Path) -> None:
    with _server(tmp_path, "m") as first, _server(tmp_path, "m") as second:
        assert (first["sum"], second["sum"]) == (1, 1)
        assert second["servers"] == sorted([first["own"], second["own"]])


def test_it_removes_the_folders_of_dead_servers(tmp_path: Path) -> None:
    with _server(tmp_path, "m++") as first:
        assert first["servers"] == [first["own"]]
    with _server(tmp_path, "m") as second:
        assert second["servers"] == [second["own"]]
