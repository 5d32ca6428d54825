"""Outputs on their way into the storage: moved, whole, also when several attempts are at work."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from threading import Barrier
from typing import Final

import pytest

from workers.builtin.run_process.outputs import StoredOutput, store
from workers.processes.profile import Cardinality

_CONTENT = bytes(4 * 1024 * 1024)
_ATTEMPTS = 6
_OTHER_DISK: Final = Path("/dev/shm")  # noqa: S108


def _store(folder: Path, *names: str) -> list[StoredOutput]:
    return store(
        [PurePosixPath(name) for name in names],
        folder=folder,
        target=folder.parent / "storage",
        staging=folder.parent / "staging",
        inputs=(),
        cardinality=Cardinality.ONE_PER_EXECUTION,
    )


def _made(folder: Path, content: bytes = _CONTENT) -> Path:
    folder.mkdir()
    (folder / "one.tif").write_bytes(content)
    return folder


def _stored(storage: Path) -> Path:
    (file,) = storage.iterdir()
    return file


def test_it_stores_what_several_attempts_make_at_once(tmp_path: Path) -> None:
    together = Barrier(_ATTEMPTS)

    def attempt(folder: Path) -> list[StoredOutput]:
        together.wait()
        return _store(folder, "one.tif")

    folders = [_made(tmp_path / str(number)) for number in range(_ATTEMPTS)]
    with ThreadPoolExecutor(_ATTEMPTS) as pool:
        stored = list(pool.map(attempt, folders))
    file = _stored(tmp_path / "storage")
    assert file.read_bytes() == _CONTENT
    assert {output.sha256 for (output,) in stored} == {file.name}
    assert list((tmp_path / "staging").iterdir()) == []


def test_it_moves_a_file_and_gives_it_the_rights_of_ours(tmp_path: Path) -> None:
    made = _made(tmp_path / "made") / "one.tif"
    made.chmod(0o4700)
    number = made.stat().st_ino
    _store(made.parent, "one.tif")
    stored = _stored(tmp_path / "storage").stat()
    (tmp_path / "ours").touch()
    assert (stored.st_ino, stored.st_mode) == (number, (tmp_path / "ours").stat().st_mode)


def test_it_copies_a_file_that_others_may_go_on_writing_to(tmp_path: Path) -> None:
    made = _made(tmp_path / "made", b"before") / "one.tif"
    os.link(made, tmp_path / "theirs")
    _store(made.parent, "one.tif")
    (tmp_path / "theirs").write_bytes(b"after")
    assert _stored(tmp_path / "storage").read_bytes() == b"before"


@pytest.mark.skipif(not os.access(_OTHER_DISK, os.W_OK), reason="no second file system at /dev/shm")
def test_it_copies_a_file_from_another_file_system(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=_OTHER_DISK) as other:
        made = _made(Path(other, "made"))
        store(
            [PurePosixPath("one.tif")],
            folder=made,
            target=tmp_path / "storage",
            staging=tmp_path / "staging",
            inputs=(),
            cardinality=Cardinality.ONE_PER_EXECUTION,
        )
    assert _stored(tmp_path / "storage").read_bytes() == _CONTENT
