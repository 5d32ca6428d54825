import os
from collections.abc import Callable
from pathlib import Path

import pytest

from workers.contract.content_folder import ContentFolder, ContentLost, remove_folder
from workers.contract.stored_content import StoredContent


def _folder(storage: Path, *, tenant: str = "demo", request: int = 7) -> ContentFolder:
    return ContentFolder(storage=storage, tenant=tenant, request=request)


def test_it_gives_back_what_was_stored(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    stored = folder.keep(b"abc", attempt=2)
    assert stored == StoredContent.of(b"abc", attempt=2)
    assert folder.load(stored) == b"abc"
    assert folder.place(stored) == f".contents/demo/7/{stored.name}"
    assert [path.name for path in folder.path.iterdir()] == [stored.name]


def test_it_finds_the_folder_of_a_dispatch(tmp_path: Path) -> None:
    found = ContentFolder.of_dispatch("7:2:5", storage=tmp_path, tenant="demo")
    assert found == _folder(tmp_path)


def test_it_shares_files_with_a_group_and_nobody_else(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    stored = folder.keep(b"abc", attempt=2)
    assert (folder.path / stored.name).stat().st_mode & 0o117 == 0


def test_it_keeps_contents_of_two_attempts_apart(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    first, second = (folder.keep(b"same", attempt=attempt) for attempt in (1, 2))
    assert folder.remove(first)
    assert folder.load(second) == b"same"


@pytest.mark.parametrize(("tenant", "request_key"), [("other", 7), ("demo", 8)])
def test_it_opens_nothing_of_another_tenant_or_request(tmp_path: Path, tenant: str, request_key: int) -> None:
    stored = _folder(tmp_path).keep(b"abc", attempt=2)
    with pytest.raises(ContentLost, match="is gone"):
        _folder(tmp_path, tenant=tenant, request=request_key).load(stored)


@pytest.mark.parametrize("tenant", ["../other", "..", ".", "a/b", ".contents", ""])
def test_it_stays_in_its_own_part_of_the_storage_whatever_a_tenant_is_called(
    tmp_path: Path, tenant: str
) -> None:
    path = _folder(tmp_path, tenant=tenant).path
    assert path.parent.parent == tmp_path / ".contents"
    assert path.resolve() == path


def _truncate(path: Path) -> None:
    path.write_bytes(b"ab")


def _alter(path: Path) -> None:
    path.write_bytes(b"abd")


def _lengthen(path: Path) -> None:
    path.write_bytes(b"abcd")


def _link(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _link_folder(path: Path) -> None:
    elsewhere = path.parent.with_name("8")
    path.parent.rename(elsewhere)
    path.parent.symlink_to(elsewhere)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (Path.unlink, "stored with 3 bytes, is gone"),
        (_truncate, "has 2 bytes now"),
        (_lengthen, "has 4 bytes now"),
        (_alter, "was altered: it has another digest now"),
        (_link, "is a link, or in a folder that is one"),
        (_link_folder, "is a link, or in a folder that is one"),
        (_pipe, "is no regular file"),
        (_make_folder, "is no regular file"),
    ],
)
def test_it_says_what_became_of_a_content(tmp_path: Path, harm: Callable[[Path], None], reason: str) -> None:
    folder = _folder(tmp_path)
    stored = folder.keep(b"abc", attempt=2)
    harm(folder.path / stored.name)
    with pytest.raises(ContentLost, match=reason) as lost:
        folder.load(stored)
    assert f".contents/demo/7/{stored.name} in the shared storage" in str(lost.value)
    assert str(tmp_path) not in str(lost.value)


def test_it_is_content_when_a_content_is_gone_already(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    stored = folder.keep(b"abc", attempt=2)
    assert folder.remove(stored)
    assert folder.remove(stored)


def test_it_does_not_remove_what_a_link_leads_to(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    link = tmp_path / "link"
    link.symlink_to(kept)
    assert not remove_folder(link)
    assert kept.is_dir()
