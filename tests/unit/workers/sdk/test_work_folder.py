from pathlib import Path

import pytest

from workers.sdk.errors import WorkFolderFull
from workers.sdk.workspace import Workspace


def test_it_ends_work_that_fills_its_folder_and_removes_it(tmp_path: Path) -> None:
    with Workspace(parent=tmp_path, quota=100_000) as workspace:
        folder = workspace.folder()
        (folder / "sub").mkdir()
        (folder / "sub" / "small").write_bytes(bytes(50_000))
        (folder / "link").symlink_to(tmp_path)
        workspace.check(at=0.0)
        (folder / "large").write_bytes(bytes(60_000))
        with pytest.raises(WorkFolderFull, match=r"holds 11\d+ bytes, 100000 are allowed"):
            workspace.check(at=1e9)
    assert list(tmp_path.iterdir()) == []


def test_it_looks_again_only_after_a_while(tmp_path: Path) -> None:
    with Workspace(parent=tmp_path, quota=100_000) as workspace:
        folder = workspace.folder()
        workspace.check(at=1e9)
        (folder / "large").write_bytes(bytes(200_000))
        workspace.check(at=1e9 + 0.1)
        with pytest.raises(WorkFolderFull):
            workspace.check(at=1e9 + 60)


def test_it_has_no_limit_unless_it_is_given_one(tmp_path: Path) -> None:
    with Workspace(parent=tmp_path) as workspace:
        (workspace.folder() / "large").write_bytes(bytes(200_000))
        workspace.check(at=1e9)
