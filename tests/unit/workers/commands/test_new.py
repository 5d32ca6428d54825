import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import tree
from tests.stack.bare_pytest import run_tests_of
from workers.commands.command_line import main
from workers.commands.scaffold import module_name

_WIDE = ("--line-length", "110")
#: What `python -m` does with its arguments.
_MODULE = "del sys.argv[0]; runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"


@pytest.mark.parametrize(
    ("worker_type", "module"),
    [
        ("scene-index", "scene_index"),
        ("Scene.Index-2_", "scene_index_2"),
        ("2-scenes", "worker_2_scenes"),
        ("json", "worker_json"),
        ("class", "worker_class"),
        ("workers", "worker_workers"),
    ],
)
def test_it_names_the_module_so_that_it_can_be_imported(worker_type: str, module: str) -> None:
    assert module_name(worker_type) == module


def test_what_it_writes_passes_its_own_test(tmp_path: Path) -> None:
    folder = tmp_path / "types" / "index"
    assert main(["new", "scene-index", "--folder", str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    assert names == {"scene_index.py", "test_scene_index.py", "README.md", "pytest.ini"}
    done = run_tests_of(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "WORKER_MODULES=scene_index" in (folder / "README.md").read_text()


def test_what_it_prints_works_in_a_project_with_rules_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("pyproject.toml").write_text(
        '[tool.pytest.ini_options]\naddopts = ["--strict-config", "--import-mode=importlib"]\nunheard = 1\n'
    )
    assert main(["new", "scene-index", "--folder", "my types"]) == 0
    printed = capsys.readouterr().err
    tested = _done(str(re.findall("Now: (.*)", printed)[0]))
    assert "2 passed" in tested.stdout, tested.stdout + tested.stderr
    fleet = str(re.findall("Run: (.*)", printed)[0]).replace("celery -A workers worker", "python -m workers")
    listed = _done(fleet.replace("--types scene-index", "list"))
    assert "scene-index" in listed.stdout, listed.stdout + listed.stderr


def test_its_readme_gives_commands_that_work_where_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "scene-index"]) == 0
    shell = tmp_path.joinpath("scene_index", "README.md").read_text().split("```sh\n")[1].split("```")[0]
    done = _done(shell.rpartition("celery ")[0])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert '"type": "scene-index"' in done.stdout


def test_this_project_asks_pytest_for_nothing_that_needs_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_nothing.py").write_text("def test_nothing() -> None: ...\n")
    (tmp_path / "pyproject.toml").symlink_to(tree.ROOT / "pyproject.toml")
    done = run_tests_of(tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def _done(commands: str) -> "subprocess.CompletedProcess[str]":
    """Type commands where the package is installed: it is found whatever the paths are set to."""
    installed = f"import sys; sys.path.append({str(tree.ROOT)!r}); import runpy; "
    run = f"{shlex.quote(sys.executable)} -c {shlex.quote(installed + _MODULE)}"
    return subprocess.run(
        ["bash", "-euc", commands.replace("python -m", run)],
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "check",
    [
        # Without rules that contradict others, and those about assert, docstrings and copyright.
        [
            "ruff",
            "check",
            "--isolated",
            *_WIDE,
            "--select",
            "ALL",
            "--ignore",
            "D203,D213,COM812,S101,D100,D103,CPY001",
        ],
        ["ruff", "format", "--isolated", *_WIDE, "--check"],
        [
            "mypy",
            "--strict",
            "--follow-imports",
            "silent",
            "--cache-dir",
            str(tree.ROOT / ".mypy_cache" / "new"),
        ],
    ],
    ids=["rules", "form", "types"],
)
def test_what_it_writes_pleases_the_strictest(check: list[str], tmp_path: Path) -> None:
    assert main(["new", "scene-index", "--folder", str(tmp_path / "new")]) == 0
    done = subprocess.run(
        [sys.executable, "-m", *check, "."],
        cwd=tmp_path / "new",
        env=os.environ | {"MYPYPATH": str(tree.ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text("mine")
    assert main(["new", "scene-index", "--folder", str(tmp_path)]) == 1
    assert "exists already; --folder names another place" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_it_refuses_a_name_that_no_worker_type_can_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "no/type"]) == 1
    assert "'no/type' is no name of a worker type" in capsys.readouterr().err
