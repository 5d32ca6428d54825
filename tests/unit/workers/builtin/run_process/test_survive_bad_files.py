"""Full disks and odd names: a clear message, and nothing stays behind."""

import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workers.builtin.run_process.orders import a_program, an_input, an_order, carried_out
from workers.sdk import InvalidContent
from workers.sdk.workspace import Workspace

_MIB = 1024 * 1024


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file of 3 MiB."""
    path = tmp_path / "big.raw"
    with path.open("wb") as file:
        file.truncate(3 * _MIB)
    return path


@pytest.fixture
def narrow_disk(big: Path) -> Iterator[None]:
    """Let no file become larger than 2 MiB, once there is a big one: a full disk, without one."""
    assert big.exists()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * _MIB, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _run(folder: Path, *lines: str, inputs: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    order = an_order(a_program(folder, *lines), *inputs)
    return carried_out(order, storage=folder / "storage", roots=folder)


@pytest.mark.usefixtures("narrow_disk")
def test_it_fails_when_the_disk_takes_no_input(big: Path, tmp_path: Path) -> None:
    message = _run(tmp_path, "true", inputs=(an_input(big),))["message"]
    assert f"Failed to download {big.as_uri()} into big.raw : [Errno 27] File too large" in message


@pytest.mark.usefixtures("narrow_disk")
def test_it_keeps_nothing_when_the_storage_takes_not_all(big: Path, tmp_path: Path) -> None:
    answer = _run(tmp_path, "echo a >output/a", f"ln {big} output/b || cp {big} output/b")
    assert 'Error message: "Output file b cannot be stored: File too large"' in answer["message"]
    assert answer["outputs"] == []
    assert [path for path in (tmp_path / "storage").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(("name", "told"), [(r"a\nb", r"a\nb"), (r"a\377", r"a\udcff")])
def test_it_refuses_output_names_that_nobody_could_ask_for(name: str, told: str, tmp_path: Path) -> None:
    answer = _run(tmp_path, f"touch \"output/$(printf '{name}_')\"")
    assert f"Output file '{told}_' has a name that cannot be passed on" in answer["message"]
    assert answer["outputs"] == []


def test_it_takes_the_longest_names_that_there_are(tmp_path: Path) -> None:
    answer = _run(tmp_path, f"touch output/{'é' * 127}x")
    assert answer["finalStatus"] == "SUCCESS"
    assert [output["name"] for output in answer["outputs"]] == [f"{'é' * 127}x"]


@pytest.mark.parametrize("path", ["a\nb", "a\x7f", "a/" + "é" * 128, "\udcff", "a" * 1025])
def test_it_refuses_input_names_that_no_disk_should_hold(path: str, big: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidContent, match=r"inputFiles\[0\]\.localRelativePath .* is refused"):
        _run(tmp_path, "true", inputs=(an_input(big, localRelativePath=path),))


@pytest.fixture
def nobody() -> Iterator[Path]:
    """Be somebody whom locked folders keep out; a folder of theirs."""
    before = os.geteuid()
    other = {0: 65534}.get(before, before)
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, other, -1)
        os.seteuid(other)
        yield Path(folder)
        os.seteuid(before)


def test_it_removes_folders_that_were_locked(nobody: Path) -> None:
    with Workspace(parent=nobody) as workspace:
        locked = workspace.folder() / "outer" / "inner"
        locked.mkdir(parents=True)
        (locked / "file").touch()
        locked.chmod(0)
        locked.parent.chmod(0)
    assert list(nobody.iterdir()) == []
