import os
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from workers.builtin.extract_archive.extraction import ExtractedFile
from workers.builtin.extract_archive.placement import place

_OTHER_DISK = Path("/dev/shm")  # noqa: S108
FILES = [ExtractedFile(path=PurePosixPath("a/b.tif"), size=3, sha256="")]


@pytest.fixture
def other_disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=_OTHER_DISK) as folder:
        yield Path(folder)


@pytest.mark.skipif(not os.access(_OTHER_DISK, os.W_OK), reason="no second file system at /dev/shm")
def test_it_moves_a_tree_from_another_file_system(tmp_path: Path, other_disk: Path) -> None:
    tree = other_disk / "tree"
    (tree / "a").mkdir(parents=True)
    (tree / "a" / "b.tif").write_bytes(b"abc")
    place(tree=tree, target=tmp_path / "deep" / "target", staging=tmp_path / "staging", files=FILES)
    assert (tmp_path / "deep" / "target" / "a" / "b.tif").read_bytes() == b"abc"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["target"]


def test_it_leaves_nothing_when_the_target_cannot_be(tmp_path: Path) -> None:
    tree, target = tmp_path / "tree", tmp_path / "storage" / "target"
    tree.mkdir()
    target.parent.mkdir()
    target.write_bytes(b"a file in the way")
    with pytest.raises(NotADirectoryError):
        place(tree=tree, target=target, staging=tmp_path / "staging", files=[])
    assert list(target.parent.iterdir()) == [target]
    assert list((tmp_path / "staging").iterdir()) == []
