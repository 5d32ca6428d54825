import os
from pathlib import Path

import pytest

from workers.contract.whole_file import write_whole


def test_it_makes_the_folder_and_replaces_what_is_there(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a"
    write_whole(target, b"first")
    write_whole(target, b"second")
    assert target.read_bytes() == b"second"
    assert list(target.parent.iterdir()) == [target]


def test_it_gives_the_rights_that_were_asked_for(tmp_path: Path) -> None:
    write_whole(tmp_path / "mine", b"")
    write_whole(tmp_path / "ours", b"", mode=0o640)
    rights = [(tmp_path / name).stat().st_mode & 0o777 for name in ("mine", "ours")]
    assert rights == [0o600, 0o640 & ~_mask()]


def test_it_leaves_nothing_behind_when_it_fails(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "a", b"in the place of a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
